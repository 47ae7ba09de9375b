import type { Clock } from '../../core/clock.ts'
import type { ToolCall, Verdict } from '../../core/gate.ts'
import type { Gate } from '../../core/runtime.ts'
import { short } from '../short.ts'

type Answered = (verdict: 'approve' | 'deny') => void

/** The plugin answers what troupe allowed within milliseconds: that is no question to anybody. ms */
const ownAnswerMs = 400

interface Open {
  what: string
  /** Nobody but a person can answer it now. */
  stands: boolean
}

/** What OpenCode asks its user, in any of the agent's conversations. */
export class Questions {
  readonly #clock: Clock
  readonly #changed: () => void
  readonly #open = new Map<string, Open>()
  /** Those that are troupe's to answer. They stand at the terminal too, and whoever is first answers. */
  readonly #forwarded = new Map<string, Answered | null>()

  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock
    this.#changed = changed
  }

  /** What a person has to answer at the terminal; null where nothing stands there. */
  get standing(): string | null {
    for (const [id, { what, stands }] of this.#open) if (stands && !this.#forwarded.has(id)) return what
    return null
  }

  get any(): boolean {
    return this.#open.size > 0
  }

  /** One of OpenCode's events; what is none of these changes nothing. */
  event(type: string, { id, requestID, permissionID, permission, reply }: Record<string, unknown>): void {
    const answered = String(requestID ?? permissionID)
    if (type === 'permission.asked') this.asked(String(id), whatOf({ permission }))
    if (type === 'question.asked') this.asked(String(id), anAnswer)
    if (type === 'permission.replied') this.answered(answered, reply === 'reject' ? 'deny' : 'approve')
    if (type === 'question.replied' || type === 'question.rejected') this.answered(answered, 'approve')
  }

  asked(id: string, what: string): void {
    if (this.#open.has(id)) return
    const open = { what, stands: false }
    this.#open.set(id, open)
    this.#clock.after(ownAnswerMs, () => {
      open.stands = true
      this.#changed()
    })
  }

  answered(id: string, verdict: 'approve' | 'deny'): void {
    this.#open.delete(id)
    this.#forwarded.get(id)?.(verdict)
    this.#forwarded.delete(id)
    this.#changed()
  }

  /** All that are open, as OpenCode lists them: what is missing was answered while nobody listened. */
  replace(open: { id: string; what: string }[]): void {
    for (const id of [...this.#open.keys()]) if (!open.some((each) => each.id === id)) this.answered(id, 'deny')
    for (const { id, what } of open) this.asked(id, what)
  }

  /** A question about a call that troupe answers by its plugin. */
  gate(id: string, call: ToolCall, patienceMs: number): Gate {
    this.#forwarded.set(id, null)
    return {
      stage: 'prompt',
      call,
      patienceMs,
      answer: (verdict) => {
        if (verdict.do === 'pass' || verdict.do === 'ask') this.#forwarded.delete(id)
        this.#changed()
        return decision(verdict)
      },
      elsewhere: (answered) => {
        this.#forwarded.set(id, answered)
        return () => {
          if (this.#forwarded.get(id) === answered) this.#forwarded.set(id, null)
        }
      },
    }
  }
}

export const anAnswer = 'an answer to its question'

export function whatOf({ permission }: Record<string, unknown>): string {
  return `permission for ${short(String(permission ?? 'a tool'))}`
}

/** As the plugin reads it. */
export function decision(verdict: Verdict): Record<string, unknown> {
  return verdict.do === 'pass' ? { decision: 'pass' } : { decision: verdict.do, why: verdict.why }
}
