import { realpathSync } from 'node:fs'
import { TroupeError } from '../../core/error.ts'
import type { Conversation, Host, Runtime } from '../../core/runtime.ts'
import type { Agent } from '../../core/team.ts'
import type { Paths } from '../../config/paths.ts'
import { runtimesThatFind } from '../../runtimes/index.ts'
import type { Store } from '../../store/store.ts'
import type { Agents } from '../agents.ts'

export interface ConversationsParts {
  root: string
  paths: Paths
  store: Store
  agents: Agents
  hostNow(): Host
  runtimeOf(agent: Agent): Promise<Runtime>
  rehearses(): boolean
}

/** Conversations that exist, for workers that are made to go on with them. */
export class Conversations {
  readonly #parts: ConversationsParts

  constructor(parts: ConversationsParts) {
    this.#parts = parts
  }

  /** Throws where it cannot be taken up by this agent, which is not there yet. */
  async check(agent: Agent, session: string): Promise<void> {
    await this.#checkFree(agent.address, session)
    const { cwd } = await this.#find(agent, session)
    if (cwd === null || sameFolder(cwd, agent.cwd)) return
    throw new TroupeError('usage', `the conversation ${session} belongs to ${cwd}, and ${agent.address} would work in ${agent.cwd}`, { hint: `add --cwd ${cwd}`, facts: { session, cwd } })
  }

  /** Puts it where the agent's first start finds it. May be done twice. */
  async bring(agent: Agent, session: string): Promise<void> {
    await (await this.#find(agent, session)).bring()
  }

  /** Two that write on in one conversation would each lose what the other says. */
  async #checkFree(address: string, session: string): Promise<void> {
    const { agents, store } = this.#parts
    const other = agents.all().find((state) => state.session === session && state.address !== address)
    if (other !== undefined) throw new TroupeError('conflict', `the conversation ${session} is that of ${other.address}`, { hint: `troupe resume ${other.address} gives it more to do`, facts: { session, agent: other.address } })
    const task = (await store.read((db) => db.tasks.open())).find(({ wish, agent }) => wish.session === session && agent !== address)
    if (task !== undefined) throw new TroupeError('conflict', `task #${task.n} goes on with the conversation ${session}`, { hint: `troupe wait ${task.n}`, facts: { session, n: task.n } })
  }

  async #find(agent: Agent, session: string): Promise<Conversation> {
    const { root, paths, hostNow, runtimeOf, rehearses } = this.#parts
    const runtime = await runtimeOf(agent)
    const whose = { host: hostNow(), folder: paths.agentFolder(agent.project, agent.id), root, address: agent.address, rehearsal: rehearses() }
    if (runtime.findConversation === undefined) {
      throw new TroupeError('usage', `${agent.runtime} cannot go on with a conversation by its id: which it has shows only while it runs`, { hint: `leave --resume-session out, or take ${(await runtimesThatFind()).join(', ')}`, facts: { runtime: agent.runtime } })
    }
    const found = await runtime.findConversation(session, whose)
    if (found !== null) return found
    const where = rehearses() ? ' among those of this rehearsal' : ''
    throw new TroupeError('unknown', `${agent.runtime} has no conversation ${session.slice(0, 80)}${where}`, { hint: 'troupe inspect AGENT shows the one of an agent', facts: { session, runtime: agent.runtime } })
  }
}

function sameFolder(one: string, other: string): boolean {
  return real(one) === real(other)
}

function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path // gone: it is what it is called
  }
}
