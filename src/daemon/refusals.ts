import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import { ruleText, type Rule } from '../core/rule.ts'
import type { Store } from '../store/store.ts'
import type { Caller } from './daemon.ts'

/** The files are read again at most this often: agents that loop meet refusals by the hundred. ms */
const freshMs = 2_000
/** Refusals of one caller by one operation stand in the journal at most this often. ms */
const tellEveryMs = 1_000

export interface RefusalParts {
  store: Store
  clock: Clock
  /** Where the team's files set a rule; reads them. */
  places(): (rule: Rule) => string | null
  report(what: string, error: unknown): void
}

/** The one place where a refusal learns its rule, the line that sets it and who could allow it, and gets on record. */
export class Refusals {
  readonly #parts: RefusalParts
  readonly #told = new Map<string, { at: number; untold: number }>()
  #places: { at: number; find: (rule: Rule) => string | null } | null = null

  constructor(parts: RefusalParts) {
    this.#parts = parts
  }

  async run<T>(caller: Caller, operation: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const explained = this.explained(error)
      if (explained instanceof TroupeError && isRefusal(caller, explained)) await this.#record(caller, operation, explained)
      throw explained
    }
  }

  /** What is no refusal comes back as it is. */
  explained(error: unknown): unknown {
    if (!(error instanceof TroupeError) || !isRule(error.facts['rule'])) return error
    const { rule, ...facts } = error.facts as { rule: Rule }
    const where = this.#find(rule)
    const hint = `${error.hint ?? ''}${error.hint === undefined ? '' : ' · '}${ruleText(rule, where)}`
    return new TroupeError(error.code, error.message, { hint, facts: { ...facts, rule: rule.name, where, allowedBy: rule.allowedBy }, cause: error.cause })
  }

  /** For refusals that are told as words, such as those of the gate. */
  text(rule: Rule): string {
    return ruleText(rule, this.#find(rule))
  }

  #find(rule: Rule): string | null {
    const { clock, places, report } = this.#parts
    const now = clock.elapsed()
    if (this.#places === null || now - this.#places.at > freshMs) {
      try {
        this.#places = { at: now, find: places() }
      } catch (error) {
        report('looking for the line of a rule', error)
        return null
      }
    }
    return this.#places.find(rule)
  }

  async #record(caller: Caller, operation: string, { code, message, facts }: TroupeError): Promise<void> {
    const agent = caller.kind === 'agent' ? caller.address : null
    const who = agent ?? (caller.kind === 'operator' && caller.via === 'chat' ? caller.who : 'user')
    const key = `${who} ${operation}`
    const now = this.#parts.clock.elapsed()
    const before = this.#told.get(key)
    const untold = (before?.untold ?? 0) + 1
    const due = before === undefined || now - before.at >= tellEveryMs
    this.#told.set(key, due ? { at: now, untold: 0 } : { at: before.at, untold })
    if (!due) return
    const { rule = null, where = null, allowedBy = null } = facts
    const via = caller.kind === 'operator' ? { via: caller.via } : { incarnation: caller.incarnation }
    await this.#parts.store
      .write(async (tx) => await tx.journal({ type: 'call.refused', subject: who, agent, data: { operation, by: who, ...via, code, why: message, rule, where, allowedBy, refused: untold } }))
      .catch((error: unknown) => this.#parts.report(`noting that ${who} was refused ${operation}`, error))
  }
}

/** Limits have lines of their own. An operator is refused what a rule forbids, and what somebody else has decided. */
function isRefusal(caller: Caller, { code }: TroupeError): boolean {
  return code === 'denied' || (code === 'conflict' && caller.kind === 'operator')
}

function isRule(value: unknown): value is Rule {
  return typeof value === 'object' && value !== null && 'allowedBy' in value && 'path' in value
}
