import { TroupeError } from '../core/error.ts'
import { agentsOf, type Team } from '../core/team.ts'
import { loadScenario } from '../proxy/load.ts'
import type { Store } from '../store/store.ts'
import type { Agents } from './agents.ts'
import type { Desired } from './desired.ts'

export interface RehearsableParts {
  store: Store
  agents: Agents
  desired: Desired
}

/** Messages named in a refusal. */
const named = 5

/** Throws where a rehearsal of the team, that somebody asked for, would touch its real work. */
export async function checkRehearsable(parts: RehearsableParts, team: Team): Promise<void> {
  checkNoneAtWork(parts)
  // Those who run are in a rehearsal: what is said now is said to it.
  if (parts.agents.all().some(({ incarnation }) => incarnation !== null)) return
  await checkNothingWaits(parts, team)
}

/** Without its scenario no agent would get an answer, and a rehearsal would wait for nothing. Throws `unknown`, `config`. */
export function checkScenario({ rehearsal }: Team): void {
  if (rehearsal !== null) loadScenario(rehearsal)
}

/** A rehearsal would talk to real agents that run, and cost their users money. */
function checkNoneAtWork({ desired, agents }: RehearsableParts): void {
  const live = agents.all().filter((state) => state.incarnation !== null).map((state) => state.address)
  if (live.length === 0 || !desired.known || desired.team.rehearsal !== null) return
  throw new TroupeError('conflict', `the team is at work, not in rehearsal: ${live.join(', ')}`, {
    hint: 'troupe down, then troupe rehearse',
    facts: { agents: live },
  })
}

/** The scripted model would take real mail and tasks, acknowledge them, and nobody would ever have read them. */
async function checkNothingWaits(parts: RehearsableParts, team: Team): Promise<void> {
  const rehearsed = parts.desired.known && parts.desired.team.rehearsal !== null
  const addresses = agentsOf(team).map(({ address }) => address)
  const { mail, tasks } = await parts.store.read(async (db) => ({
    mail: (await Promise.all(addresses.map(async (address) => (await db.deliveries.open(address, named)).map(({ message }) => ({ address, message }))))).flat(),
    // Only a team that is up takes tasks in.
    tasks: rehearsed ? [] : await db.tasks.open(),
  }))
  // What the last rehearsal left is its own.
  const real = mail.filter(({ address, message }) => message.control === null && (!rehearsed || cameAfter(parts.agents, address, message.sentAt)))
  const messages = [...new Map(real.map(({ message }) => [message.n, message])).keys()].toSorted((a, b) => a - b)
  if (messages.length === 0 && tasks.length === 0) return
  const waiting = [...messages.slice(0, named).map((n) => `message #${n}`), ...tasks.slice(0, named).map(({ n }) => `task #${n}`)]
  const more = messages.length > named || tasks.length > named ? ' and more' : ''
  throw new TroupeError('conflict', `real work waits for this team (${waiting.join(', ')}${more}): in a rehearsal the scripted model would take it, and nobody would have read it`, {
    hint: 'troupe up, so that it is done; or rehearse a copy: troupe config --write DIR, then troupe -C DIR rehearse',
    facts: { messages, tasks: tasks.map(({ n }) => n) },
  })
}

/** It was sent when the rehearsal had ended for this agent. */
function cameAfter(agents: Agents, address: string, sentAt: number): boolean {
  const { phase, since } = agents.get(address)
  return phase.name === 'stopped' && sentAt > since
}
