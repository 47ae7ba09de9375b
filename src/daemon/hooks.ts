import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { Session } from '../core/runtime.ts'
import type { Caller, HookAnswer } from './daemon.ts'
import type { Fetching } from './fetching.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { Sessions } from './sessions.ts'

/** A daemon that has just begun takes up what runs within a second or two. ms */
const adoptionMs = 15_000

/** Member of every CLI's hook events about tools: such an event may be a call that must not be made. */
const toolName = 'tool_name'

export interface HookParts {
  sessions: Sessions
  gatekeeper: Gatekeeper
  fetching: Fetching
  clock: Clock
}

type AgentCaller = Caller & { kind: 'agent' }
type Event = Record<string, unknown>

/** What agents' CLIs say by their hooks: to their sessions, and tool calls to the gate first. */
export class Hooks {
  readonly #parts: HookParts
  /** What came before its session was open, in order, by incarnation. */
  readonly #early = new Map<string, Promise<void>>()

  constructor(parts: HookParts) {
    this.#parts = parts
  }

  take(caller: AgentCaller, event: Event, signal: AbortSignal): HookAnswer {
    const confirmed = this.#parts.fetching.confirm(caller.address, caller.incarnation)
    const session = this.#parts.sessions.get(caller.incarnation)?.session
    if (!Object.hasOwn(event, toolName) && (session === undefined || this.#early.has(caller.incarnation))) {
      this.#keep(caller.incarnation, event)
      return { patient: false, answer: confirmed.then(() => ({})) }
    }
    if (session === undefined) return { patient: true, answer: confirmed.then(async () => await this.#later(caller, event, signal)) }
    const patient = (session.gate?.(event) ?? null) !== null
    return { patient, answer: patient ? confirmed.then(async () => await this.#ask(session, caller, event, signal)) : tell(session, event, confirmed) }
  }

  /** The end of a turn, say, told to a daemon that has just begun: nobody says it again. */
  #keep(incarnation: string, event: Event): void {
    const { sessions, clock } = this.#parts
    const work = (this.#early.get(incarnation) ?? Promise.resolve())
      .then(async () => void (await (await sessions.opened(incarnation, adoptionMs, clock))?.hook(event)))
      .catch(() => undefined) // as where it never came: its record tells the same later
      .finally(() => this.#early.get(incarnation) === work && this.#early.delete(incarnation))
    this.#early.set(incarnation, work)
  }

  /** A failure, never an answer without an opinion: it may be a call that must not be made. */
  async #later(caller: AgentCaller, event: Event, signal: AbortSignal): Promise<Event> {
    const session = await this.#parts.sessions.opened(caller.incarnation, adoptionMs, this.#parts.clock)
    if (session !== null) return await this.#ask(session, caller, event, signal)
    throw new TroupeError('unavailable', `the daemon does not look after ${caller.address} yet`, { hint: 'troupe ps' })
  }

  async #ask(session: Session, caller: AgentCaller, event: Event, signal: AbortSignal): Promise<Event> {
    const gate = session.gate?.(event) ?? null
    if (gate === null) return await session.hook(event)
    return gate.answer(await this.#parts.gatekeeper.verdict(caller, gate, signal))
  }
}

/** What happened is said once: it counts also where the mail that this request proves cannot be written down now, which is told after it. */
async function tell(session: Session, event: Event, confirmed: Promise<void>): Promise<Event> {
  await confirmed.catch(() => undefined)
  const answer = await session.hook(event)
  await confirmed
  return answer
}
