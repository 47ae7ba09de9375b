import { canonical } from '../../core/approval.ts'
import type { ToolCall, Verdict } from '../../core/gate.ts'
import type { Gate } from '../../core/runtime.ts'
import type { PermissionMode } from '../../core/team.ts'
import { ForwardedQuestions } from '../forwarded.ts'
import { isRecord } from '../json.ts'
import { short } from '../short.ts'
import type { State } from './state.ts'
import { callAnswer, isAbout, toolCall } from './tool-call.ts'

type Event = Record<string, unknown>

interface Parts {
  mode: PermissionMode
  /** How long the CLI waits for its hook, ms. */
  holdMs: number
  state: State
  /** Answers the question about this call at the terminal: its hooks cannot. Nobody waits for it. */
  answer(call: ToolCall, verdict: 'approve' | 'deny'): void
}

/** Calls that its hooks announce, and the questions that the CLI asks its user about them. */
export class Questions {
  readonly #parts: Parts
  readonly #forwarded = new ForwardedQuestions()
  /** Calls that a person has just approved, and the last one that was announced. */
  readonly #approved = new Set<string>()
  #announced: ToolCall | null = null

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Some question is troupe's to answer. */
  get open(): boolean {
    return this.#forwarded.open
  }

  /** Whether what is asked now can be about this call: no other was announced since, as far as this daemon was there. */
  mayStand(call: Pick<ToolCall, 'tool' | 'input'>): boolean {
    return this.#announced === null || callKey(this.#announced) === callKey(call)
  }

  /** BeforeTool: what comes next is about this call. */
  announce(event: Event): ToolCall | null {
    return (this.#announced = toolCall(event))
  }

  /** The call that BeforeTool tells of, or a question about it that troupe is to answer. */
  gate(event: Event): Gate | null {
    if (event['hook_event_name'] === 'Notification') return this.#forward(event)
    const call = event['hook_event_name'] === 'BeforeTool' ? this.announce(event) : null
    if (call === null) return null
    const { holdMs, mode } = this.#parts
    return {
      stage: 'call',
      call,
      patienceMs: holdMs,
      answer: (verdict) => {
        // Its own rules may ask about this one all the same.
        if (verdict.do !== 'pass' && verdict.approved === true) this.#approved.add(callKey(call))
        return callAnswer(verdict, mode, call)
      },
    }
  }

  /** A Notification that is troupe's to answer no more: what was approved needs no other word. */
  asked(event: Event): void {
    if (!isQuestion(event)) return
    const [details, call] = [detailsOf(event), this.#announced]
    if (call !== null && isAbout(details, call) && this.#approved.delete(callKey(call))) return this.#parts.answer(call, 'approve')
    const words = [details['command'], details['filePath'], details['fileName'], details['toolName'], details['prompt']].find((each) => typeof each === 'string')
    const what = call === null ? 'a permission' : `permission for ${short(call.tool)}`
    this.#parts.state.waits(what, `asks for ${short(call?.tool ?? String(details['title'] ?? 'a tool'))}${typeof words === 'string' ? `: ${short(words)}` : ''}`, 'hook')
  }

  made(call: ToolCall): void {
    this.#approved.delete(callKey(call))
    this.#forwarded.made(callKey(call))
  }

  /** Nothing is asked any longer: somebody answered at the terminal. */
  left(verdict: 'approve' | 'deny'): void {
    this.#forwarded.left(verdict)
  }

  /** In mode manual its questions are forwarded. They stand at the terminal too, and whoever is first answers. */
  #forward(event: Event): Gate | null {
    const call = this.#announced
    const { mode, holdMs, state } = this.#parts
    if (mode !== 'manual' || call === null || !isQuestion(event) || !isAbout(detailsOf(event), call)) return null
    if (this.#approved.has(callKey(call)) || call.kind === 'team' || call.kind === 'own') return null
    state.asks(`asks for ${short(call.command ?? call.tool)}`)
    return this.#forwarded.gate(callKey(call), call, holdMs, (verdict) => this.#type(call, verdict))
  }

  #type(call: ToolCall, verdict: Verdict): Event {
    if (verdict.do === 'allow' || verdict.do === 'deny') this.#parts.answer(call, verdict.do === 'allow' ? 'approve' : 'deny')
    return {}
  }
}

function isQuestion(event: Event): boolean {
  return event['notification_type'] === 'ToolPermission'
}

function detailsOf(event: Event): Event {
  return isRecord(event['details']) ? event['details'] : {}
}

function callKey({ tool, input }: Pick<ToolCall, 'tool' | 'input'>): string {
  return canonical([tool, input])
}
