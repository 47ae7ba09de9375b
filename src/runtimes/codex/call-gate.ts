import type { Gate } from '../../core/runtime.ts'
import { callAnswer, callKey, promptAnswer, toolCall } from './tool-call.ts'

/** Calls that are remembered. Most are never asked about again. */
const most = 200

/** Calls that Codex's hooks tell of: what troupe lets through is remembered, since Codex may still ask about it. */
export class CallGate {
  readonly #holdMs: number
  readonly #allowed = new Set<string>()

  constructor(holdMs: number) {
    this.#holdMs = holdMs
  }

  /** A call before it is made. Null for any other event. */
  call(event: Record<string, unknown>): Gate | null {
    const call = event['hook_event_name'] === 'PreToolUse' ? toolCall(event) : null
    if (call === null) return null
    const answer: Gate['answer'] = (verdict) => {
      if (verdict.do === 'allow') this.#allow(callKey(call))
      return callAnswer(verdict)
    }
    return { stage: 'call', call, patienceMs: this.#holdMs, answer }
  }

  #allow(key: string): void {
    this.#allowed.add(key)
    const [oldest] = this.#allowed
    if (this.#allowed.size > most && oldest !== undefined) this.#allowed.delete(oldest)
  }

  /** What Codex would ask its user about, and troupe did not let through yet. `answer` gets the verdict for Codex. */
  prompt(event: Record<string, unknown>, answered: (call: Gate['call']) => () => void): Gate | null {
    const call = event['hook_event_name'] === 'PermissionRequest' ? toolCall(event) : null
    if (call === null || call.kind === 'team' || this.#allowed.has(callKey(call))) return null
    let over: (() => void) | null = null
    const answer: Gate['answer'] = (verdict) => (over?.(), promptAnswer(verdict))
    over = answered(call)
    return { stage: 'prompt', call, patienceMs: this.#holdMs, answer }
  }

  /** Any event that no gate is made of: what troupe has just let through needs no other word. */
  hook(event: Record<string, unknown>): Record<string, unknown> {
    const call = event['hook_event_name'] === 'PermissionRequest' ? toolCall(event) : null
    if (call === null || !(call.kind === 'team' || this.#allowed.delete(callKey(call)))) return {}
    return promptAnswer({ do: 'allow', why: 'troupe let it through' })
  }
}
