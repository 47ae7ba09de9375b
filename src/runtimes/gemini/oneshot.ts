import type { Gate, SessionContext, UsageRecord } from '../../core/runtime.ts'
import { isRecord } from '../json.ts'
import { TaskSession, type TaskReader, type TaskSignal } from '../lane/task.ts'
import { classify } from './failure.ts'
import { geminiFiles, readLaunched } from './files.ts'
import { teamTools } from './settings.ts'
import { callAnswer, toolCall } from './tool-call.ts'

type Event = Record<string, unknown>

/** The CLI without its screen, on one task. */
export function oneshotSession(context: SessionContext): TaskSession {
  const holdMs = readLaunched(geminiFiles(context.folder))?.holdMs ?? 0
  const { permissionMode } = context.agent
  const gate = (event: Event): Gate | null => {
    const call = event['hook_event_name'] === 'BeforeTool' ? toolCall(event) : null
    if (call === null) return null
    return { stage: 'call', call, patienceMs: holdMs, answer: (verdict) => unasked(callAnswer(verdict, permissionMode, call)) }
  }
  return new TaskSession(context, new StreamReader(context.incarnation), { gate })
}

/** Nobody is there to be asked. */
function unasked(answer: Event): Event {
  if (answer['decision'] !== 'ask') return answer
  return { decision: 'deny', reason: 'it leaves the working folder, and in a one-shot run nobody can be asked; another permission_mode decides otherwise' }
}

/** What a run's events mean; what it cost is told with the last one. */
export class StreamReader implements TaskReader {
  readonly #run: string
  readonly #tools = new Map<string, string>()
  #text = ''
  #outcome: { ok: boolean; text: string } | null = null
  #last = ''

  constructor(run: string) {
    this.#run = run
  }

  read(event: Event, at: number): TaskSignal[] {
    switch (event['type']) {
      case 'init':
        return typeof event['session_id'] === 'string' ? [{ type: 'session', id: event['session_id'], evidence: { at, what: `conversation ${event['session_id']}`, source: 'protocol' } }] : []
      case 'message':
        if (event['role'] === 'assistant') this.#text += String(event['content'] ?? '')
        return []
      case 'tool_use':
        this.#text = ''
        this.#tools.set(String(event['tool_id']), String(event['tool_name']))
        return []
      case 'tool_result':
        return this.#used(event)
      case 'error':
        return [{ type: 'note', evidence: { at, what: String(event['message'] ?? 'an error without words'), source: 'protocol' } }]
      case 'result':
        return this.#ended(event, at)
      default:
        return []
    }
  }

  /** What stands on standard error where it ends before its first event. */
  other(line: string): TaskSignal[] {
    if (line.trim() !== '' && !/^(Warning|Ripgrep|\s+at )/.test(line)) this.#last = line
    return []
  }

  outcome(): { ok: boolean; text: string } {
    return this.#outcome ?? { ok: false, text: this.#last }
  }

  /** Said of successes only. */
  #used(event: Event): TaskSignal[] {
    const tool = this.#tools.get(String(event['tool_id']))
    return event['status'] !== 'success' || tool === undefined || tool.startsWith(teamTools) ? [] : [{ type: 'work', tool }]
  }

  #ended(event: Event, at: number): TaskSignal[] {
    const ok = event['status'] === 'success'
    const error = isRecord(event['error']) ? String(event['error']['message'] ?? '') : ''
    const failure = ok ? null : classify(error, at)
    this.#outcome = { ok, text: ok ? this.#text.trim() : (failure?.why ?? error) }
    const models = isRecord(event['stats']) && isRecord(event['stats']['models']) ? event['stats']['models'] : {}
    const used = Object.entries(models).flatMap(([model, of]): TaskSignal[] => {
      const tokens = totals(of)
      return tokens.input + tokens.output + tokens.cacheRead === 0 ? [] : [{ type: 'usage', usage: { key: `${this.#run} ${model}`, at, model, tokens } }]
    })
    const evidence = { at, what: `the run failed: ${error}`, source: 'protocol' }
    return failure === null ? used : [...used, { type: 'failure', ...failure, evidence }]
  }
}

/** Of one model. What is neither prompt nor answer in the total was thought, and costs as answers do. */
function totals(of: unknown): UsageRecord['tokens'] {
  const count = (name: string): number => (isRecord(of) && typeof of[name] === 'number' ? of[name] : 0)
  const prompt = count('input_tokens')
  return { input: prompt - count('cached'), output: Math.max(count('output_tokens'), count('total_tokens') - prompt), cacheRead: count('cached'), cacheWrite: 0 }
}
