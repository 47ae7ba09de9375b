import type { SessionContext, UsageRecord } from '../../core/runtime.ts'
import { isRecord, parseRecord } from '../json.ts'
import { TaskSession, type TaskReader, type TaskSignal } from '../lane/task.ts'
import { classify, classifyRetry, textOf } from './failure.ts'
import { opencodeFiles, readDoor } from './files.ts'
import { retryWord } from './gate-plugin.ts'
import { teamTools } from './permissions.ts'
import { decision } from './questions.ts'
import { toolCall } from './tool-call.ts'

type Event = Record<string, unknown>

/** The plugin waits without an end. */
const patienceMs = Number.MAX_SAFE_INTEGER

/** `opencode run` on one task. */
export function oneshotSession(context: SessionContext): TaskSession {
  const model = readDoor(opencodeFiles(context.folder), context.incarnation)?.model ?? null
  const reader = new RunReader(model === null ? 'unknown' : model.slice(model.indexOf('/') + 1))
  return new TaskSession(context, reader, {
    hook: () => decision({ do: 'pass' }),
    gate: (event) => {
      const call = event['hook_event_name'] === 'PreToolUse' ? toolCall(event, reader.session) : null
      return call === null ? null : { stage: 'call', call, patienceMs, answer: decision }
    },
  })
}

/** What a run's events mean. Each step is one call of the model; those of subagents are not told. */
export class RunReader implements TaskReader {
  readonly #model: string
  #session: string | null = null
  #said = ''
  #failed: string | null = null
  #ended = false
  #vain = false

  constructor(model: string) {
    this.#model = model
  }

  get session(): string | null {
    return this.#session
  }

  read(event: Event, at: number): TaskSignal[] {
    const part = isRecord(event['part']) ? event['part'] : {}
    return [...this.#began(event['sessionID'], at), ...this.#told(event, part, at)]
  }

  /** It would ask its model for ever. */
  get isVain(): boolean {
    return this.#vain
  }

  /** What the plugin tells of retries on standard error, and what stands there where it ends before its first event. */
  other(line: string, at: number): TaskSignal[] {
    if (line.startsWith(retryWord)) return this.#retried(parseRecord(line.slice(retryWord.length)), at)
    if (this.#session === null && line.trim() !== '') this.#failed = line
    return []
  }

  outcome(): { ok: boolean; text: string } {
    return this.#ended && this.#failed === null ? { ok: true, text: this.#said } : { ok: false, text: this.#failed ?? '' }
  }

  #began(id: unknown, at: number): TaskSignal[] {
    if (typeof id !== 'string' || this.#session !== null) return []
    this.#session = id
    this.#failed = null
    return [{ type: 'session', id, evidence: { at, what: `conversation ${id}`, source: 'protocol' } }]
  }

  #told(event: Event, part: Event, at: number): TaskSignal[] {
    switch (event['type']) {
      case 'text':
        this.#said = String(part['text'] ?? '')
        return []
      case 'tool_use':
        return this.#used(part)
      case 'step_finish':
        this.#ended = part['reason'] !== 'tool-calls'
        return [{ type: 'usage', usage: this.#usage(part, at) }]
      case 'error':
        return this.#broke(event['error'], at)
      default:
        return []
    }
  }

  /** Said of successes only. */
  #used(part: Event): TaskSignal[] {
    const tool = String(part['tool'])
    const done = isRecord(part['state']) && part['state']['status'] === 'completed'
    return done && !tool.startsWith(teamTools) ? [{ type: 'work', tool }] : []
  }

  #usage(part: Event, at: number): UsageRecord {
    const tokens = isRecord(part['tokens']) ? part['tokens'] : {}
    const cache = isRecord(tokens['cache']) ? tokens['cache'] : {}
    const counts = { input: count(tokens['input']), output: count(tokens['output']) + count(tokens['reasoning']), cacheRead: count(cache['read']), cacheWrite: count(cache['write']) }
    return { key: String(part['messageID'] ?? part['id']), at, model: this.#model, tokens: counts }
  }

  #retried(status: Event | null, at: number): TaskSignal[] {
    if (status === null || this.#vain) return []
    const [attempt, message, next] = [Number(status['attempt']), String(status['message']), Number(status['next'])]
    const failure = classifyRetry({ attempt, message, next }, at)
    if (failure === null) return [{ type: 'note', evidence: { at, what: `its model is asked again after a failure (${attempt}): ${message}`, source: 'plugin' } }]
    this.#vain = true
    this.#failed = message
    return [{ type: 'failure', ...failure, evidence: { at, what: `asked in vain ${attempt} times: ${message}`, source: 'plugin' } }]
  }

  #broke(error: unknown, at: number): TaskSignal[] {
    // Ended by troupe: the reason stands.
    if (this.#vain) return []
    const why = textOf(error)
    this.#failed = why
    const failure = classify(error, at)
    const evidence = { at, what: `the run failed: ${why}`, source: 'protocol' }
    return [failure === null ? { type: 'note', evidence } : { type: 'failure', ...failure, evidence }]
  }
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
