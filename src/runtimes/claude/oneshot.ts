import type { Gate, SessionContext, UsageRecord } from '../../core/runtime.ts'
import { isRecord } from '../json.ts'
import { TaskSession, type TaskReader, type TaskSignal } from '../lane/task.ts'
import { callGate } from './call-gate.ts'
import { claudeFiles, readLaunched } from './files.ts'
import { teamTools } from './settings.ts'
import { resultOf, retryText } from './stream-events.ts'
import { readUsage } from './usage.ts'

type Event = Record<string, unknown>
type Tokens = UsageRecord['tokens']

/** `claude -p` on one task. */
export function oneshotSession(context: SessionContext): TaskSession {
  const holdMs = readLaunched(claudeFiles(context.folder))?.holdMs ?? 0
  const approved = new Set<string>()
  const gate = (event: Event): Gate | null => callGate(event, holdMs, approved)
  return new TaskSession(context, new StreamReader(context.incarnation), { gate })
}

/** What a run's events mean. Costs are told as totals of the run by model: exact with the result, from below until then. */
class StreamReader implements TaskReader {
  readonly #run: string
  readonly #calls = new Map<string, UsageRecord>()
  readonly #tools = new Map<string, string>()
  #outcome: { ok: boolean; text: string } | null = null
  #last = ''

  constructor(run: string) {
    this.#run = run
  }

  read(event: Event, at: number): TaskSignal[] {
    switch (event['type']) {
      case 'system':
        return this.#system(event, at)
      case 'assistant':
        return this.#answered(event, at)
      case 'user':
        return blocksOf(event).flatMap((block) => this.#used(block))
      case 'result':
        return this.#ended(event, at)
      default:
        return []
    }
  }

  /** What stands on standard error where it ends before its first event. */
  other(line: string): TaskSignal[] {
    this.#last = line
    return []
  }

  outcome(): { ok: boolean; text: string } {
    return this.#outcome ?? { ok: false, text: this.#last }
  }

  #system(event: Event, at: number): TaskSignal[] {
    const id = event['session_id']
    if (event['subtype'] === 'api_retry') return [{ type: 'note', evidence: { at, what: retryText(event), source: 'protocol' } }]
    if (event['subtype'] !== 'init' || typeof id !== 'string') return []
    return [{ type: 'session', id, evidence: { at, what: `conversation ${id}`, source: 'protocol' } }]
  }

  #answered(event: Event, at: number): TaskSignal[] {
    for (const { type, id, name } of blocksOf(event)) if (type === 'tool_use') this.#tools.set(String(id), String(name))
    const read = readUsage(event, at)
    if (read === null) return []
    this.#calls.set(read.usage.key, read.usage)
    const { model } = read.usage
    return [this.#usage(model, [...this.#calls.values()].filter((each) => each.model === model).map(({ tokens }) => tokens), at)]
  }

  /** Said of successes only. */
  #used(block: Event): TaskSignal[] {
    const tool = this.#tools.get(String(block['tool_use_id']))
    return block['type'] !== 'tool_result' || block['is_error'] === true || tool === undefined || tool.startsWith(teamTools) ? [] : [{ type: 'work', tool }]
  }

  #ended(event: Event, at: number): TaskSignal[] {
    const { ok, text, failure, error } = resultOf(event, at)
    this.#outcome = { ok, text }
    const used = Object.entries(isRecord(event['modelUsage']) ? event['modelUsage'] : {}).map(([model, of]) => this.#usage(model, [totals(of)], at))
    const what = `the run failed (${error}): ${text}`
    return failure === null ? used : [...used, { type: 'failure', ...failure, evidence: { at, what, source: 'protocol' } }]
  }

  #usage(model: string, all: Tokens[], at: number): TaskSignal {
    const sum = (name: keyof Tokens): number => all.reduce((total, each) => total + (each[name] ?? 0), 0)
    const long = sum('cacheWriteLong')
    const tokens = { input: sum('input'), output: sum('output'), cacheRead: sum('cacheRead'), cacheWrite: sum('cacheWrite'), ...(long > 0 ? { cacheWriteLong: long } : {}) }
    return { type: 'usage', usage: { key: `${this.#run} ${model}`, at, model, tokens } }
  }
}

function blocksOf(event: Event): Event[] {
  const content = isRecord(event['message']) ? event['message']['content'] : null
  return Array.isArray(content) ? content.filter(isRecord) : []
}

/** Of one model in a `result`. */
function totals(of: unknown): Tokens {
  const count = (name: string): number => (isRecord(of) && typeof of[name] === 'number' ? of[name] : 0)
  const long = count('cacheCreationEphemeral1hInputTokens')
  return { input: count('inputTokens'), output: count('outputTokens'), cacheRead: count('cacheReadInputTokens'), cacheWrite: count('cacheCreationInputTokens'), ...(long > 0 ? { cacheWriteLong: long } : {}) }
}
