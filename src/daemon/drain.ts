import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { lastWords, saveText } from '../core/drain.ts'
import { sha256 } from '../core/event.ts'
import { activityOf, type AgentState } from '../core/phase.ts'
import type { Paths } from '../config/paths.ts'
import type { Store } from '../store/store.ts'
import { orderedIds } from '../util/ordered-id.ts'
import type { Agents } from './agents.ts'
import type { Sessions } from './sessions.ts'

/** After its `ready` an agent may still say its last words. ms */
const lastMoment = 2_000

export interface DrainParts {
  store: Store
  clock: Clock
  agents: Agents
  sessions: Sessions
  paths: Paths
  /** How long an agent may take, ms; 0: it gets no time. */
  timeoutMs(): number
  /** Still an agent of the team: its next process would take the conversation up. */
  isDeclared(address: string): boolean
}

/** How the time before an end was used. `left`: the daemon goes; whoever comes next begins anew. */
export type Drained = 'nothing to wait for' | 'ready' | 'turn ended' | 'timed out' | 'cut short' | 'left'

interface Waiting {
  end(how: Drained): void
  ready(): void
}

/** The time between the decision to end an agent and its end: a running turn may finish, and what would be lost is saved. */
export class Drain {
  readonly #parts: DrainParts
  readonly #nextId: () => string
  /** Incarnations that had a turn since they began, or since they said `ready`; those of an earlier daemon may have had one. */
  readonly #rested = new Set<string>()
  readonly #allowed = new Map<string, number>()
  readonly #waiting = new Map<string, Waiting>()
  #closed = false

  constructor(parts: DrainParts) {
    this.#parts = parts
    this.#nextId = orderedIds(() => parts.clock.now())
    parts.agents.subscribe((after, before) => this.#note(after, before))
  }

  /** How long this incarnation may take instead of the team's time-out, ms. */
  allow(incarnation: string, ms: number): void {
    this.#allowed.set(incarnation, ms)
  }

  /** The agent says that nothing of its work would be lost. */
  ready(incarnation: string): boolean {
    this.#rested.add(incarnation)
    const waiting = this.#waiting.get(incarnation)
    waiting?.ready()
    return waiting !== undefined
  }

  /** No time any more: its process is gone, or somebody wants it gone at once. */
  cut(incarnation: string): void {
    this.#waiting.get(incarnation)?.end('cut short')
  }

  /** Nobody ends agents from now on: no time is given to any, and what was begun is left to whoever does. */
  close(): void {
    this.#closed = true
    for (const { end } of [...this.#waiting.values()]) end('left')
  }

  open(): void {
    this.#closed = false
  }

  /** Resolves when it may be ended, or is not to be by us, with the time that is left of its time-out, ms. */
  async before(address: string, incarnation: string, why: string): Promise<{ how: Drained; left: number; of: number }> {
    const { agents, clock, sessions } = this.#parts
    const of = this.#allowed.get(incarnation) ?? this.#parts.timeoutMs()
    this.#allowed.delete(incarnation)
    const open = sessions.get(incarnation)
    const { phase } = agents.get(address)
    const resumes = open?.runtime.abilities.resume === true && this.#parts.isDeclared(address) && !(phase.name === 'stopping' && phase.fresh === true)
    const words = lastWords(phase, { resumes, worked: !this.#rested.has(incarnation), answers: open?.runtime.abilities.mcp === true })
    if (of <= 0 || open === undefined || words.until === 'nothing') return { how: 'nothing to wait for', left: of, of }
    const began = clock.elapsed()
    const message = words.ask ? await this.#ask(address, incarnation, why, of) : null
    const how = await this.#wait(address, incarnation, words.until, of)
    if (message !== null) await this.#settle(message, address, how)
    return { how, left: Math.max(0, of - (clock.elapsed() - began)), of }
  }

  #note(after: AgentState, before: AgentState): void {
    const { incarnation } = after
    if (incarnation !== null && incarnation !== before.incarnation && after.phase.name === 'starting') this.#rested.add(incarnation)
    if (incarnation !== null && activityOf(after.phase) === 'busy' && activityOf(before.phase) !== 'busy') this.#rested.delete(incarnation)
    if (before.incarnation === null || before.incarnation === incarnation) return
    this.#rested.delete(before.incarnation)
    this.#allowed.delete(before.incarnation)
  }

  #wait(address: string, incarnation: string, until: 'idle' | 'ready', ms: number): Promise<Drained> {
    const { agents, clock } = this.#parts
    return new Promise<Drained>((resolve) => {
      let said = false
      let cancelMoment = (): void => {}
      const end = (how: Drained): void => {
        leave()
        cancel()
        cancelMoment()
        this.#waiting.delete(incarnation)
        resolve(how)
      }
      const isIdle = (): boolean => activityOf(agents.get(address).phase) === 'idle'
      const leave = agents.subscribe((after, before) => {
        if (after.address !== address) return
        // It had its turn: what it was told in it, it has taken in.
        const turnEnded = activityOf(before.phase) !== 'idle' && activityOf(after.phase) === 'idle'
        if (turnEnded || after.incarnation !== incarnation) end(said ? 'ready' : after.incarnation === incarnation ? 'turn ended' : 'cut short')
      })
      const cancel = clock.after(ms, () => end(said ? 'ready' : 'timed out'))
      const ready = (): void => {
        said = true
        if (isIdle()) end('ready')
        else cancelMoment = clock.after(lastMoment, () => end('ready'))
      }
      this.#waiting.set(incarnation, { end, ready })
      if (this.#closed) end('left')
      // The turn may have ended while it was asked.
      else if (until === 'idle' && isIdle()) end('turn ended')
    })
  }

  /** A message of troupe's own for this incarnation only. Returns its id. */
  async #ask(address: string, incarnation: string, why: string, ms: number): Promise<string> {
    const { store, clock, paths } = this.#parts
    const [project = '', agent = ''] = address.split(':')
    const text = saveText(why, join(paths.agentFolder(project, agent), 'context.md'), ms)
    const id = this.#nextId()
    await store.write(async (tx) => {
      const message = await tx.messages.insert(
        { id, from: 'troupe', to: address, project, text, threadId: null, priority: 'urgent', trust: 'operator', key: null, chain: id, hop: 0, taint: [], control: { kind: 'save', incarnation }, sentAt: clock.now() },
        [address],
      )
      const data = { n: message.n, from: 'troupe', to: address, recipients: [address], bytes: Buffer.byteLength(text), sha256: sha256(text), priority: 'urgent', control: 'save' }
      await tx.journal({ type: 'message.sent', subject: id, agent: null, data })
    })
    return id
  }

  /** Its moment is over: no later run of the agent is shown it. */
  async #settle(message: string, address: string, how: Drained): Promise<void> {
    const { store, clock } = this.#parts
    const done = how === 'ready'
    const reason = `its moment is over (${how})`
    await store.write(async (tx) => {
      const change = done ? ({ state: 'acked', ackedAt: clock.now() } as const) : ({ state: 'dead', reason } as const)
      if (!(await tx.deliveries.update(message, address, ['queued', 'delivered'], change))) return
      await tx.journal({ type: done ? 'delivery.acked' : 'delivery.dead', subject: message, agent: address, data: { to: address, ...(done ? {} : { reason }) } })
    })
  }
}
