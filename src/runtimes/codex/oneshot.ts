import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Gate, SessionContext } from '../../core/runtime.ts'
import { TaskSession, type TaskReader, type TaskSignal } from '../lane/task.ts'
import { CallGate } from './call-gate.ts'
import { teamServer } from './config.ts'
import { classify } from './failure.ts'
import { codexFiles, readLaunched } from './files.ts'
import { homeAt } from './home.ts'
import { RolloutReader } from './rollout.ts'

const item = z.looseObject({ type: z.string(), text: z.string().optional(), message: z.string().optional(), status: z.string().optional(), server: z.string().optional(), tool: z.string().optional() })

/** `codex exec` on one task. */
export function oneshotSession(context: SessionContext): TaskSession {
  const launched = readLaunched(codexFiles(context.folder))
  const gates = new CallGate(launched?.holdMs ?? 0)
  const reader = new ExecReader(homeAt(launched?.home ?? context.folder).sessions, context.startedAt)
  return new TaskSession(context, reader, { hook: (event) => gates.hook(event), gate: (event): Gate | null => gates.call(event) })
}

/** What a run's events mean. They tell the cost of the whole conversation; its record on disk tells that of each model call, and is written before. */
class ExecReader implements TaskReader {
  readonly #sessions: string
  readonly #startedAt: number
  #record: RecordFile | null = null
  #thread: string | null = null
  #said = ''
  #failed: string | null = null
  #ended = false

  constructor(sessions: string, startedAt: number) {
    this.#sessions = sessions
    this.#startedAt = startedAt
  }

  read(event: Record<string, unknown>, at: number): TaskSignal[] {
    switch (event['type']) {
      case 'thread.started':
        return this.#began(String(event['thread_id']), at)
      case 'item.completed':
        return this.#item(event['item'], at)
      case 'turn.completed':
        this.#ended = true
        return this.#spent(at)
      case 'turn.failed':
        return [...this.#spent(at), ...this.#broke(messageOf(event['error']), at)]
      case 'error':
        return [{ type: 'note', evidence: { at, what: retryText(String(event['message'])), source: 'protocol' } }]
      default:
        return []
    }
  }

  /** What stands on standard error where it ends before its first event. */
  other(line: string): TaskSignal[] {
    if (this.#thread === null && line.trim() !== '') this.#failed = line
    return []
  }

  outcome(): { ok: boolean; text: string } {
    return this.#ended ? { ok: true, text: this.#said } : { ok: false, text: this.#failed ?? '' }
  }

  #began(id: string, at: number): TaskSignal[] {
    this.#thread = id
    this.#failed = null
    return [{ type: 'session', id, evidence: { at, what: `conversation ${id}`, source: 'protocol' } }]
  }

  /** Said of successes only. */
  #item(given: unknown, at: number): TaskSignal[] {
    const read = item.safeParse(given)
    if (!read.success) return []
    const { type, text, status, server, tool } = read.data
    if (type === 'agent_message') this.#said = text ?? ''
    const isWork = ['command_execution', 'file_change', 'mcp_tool_call', 'web_search'].includes(type) && status !== 'failed' && server !== teamServer
    return isWork ? [...this.#spent(at), { type: 'work', tool: tool ?? type }] : []
  }

  #broke(message: string, at: number): TaskSignal[] {
    this.#failed = message
    const failure = classify({ message, codexErrorInfo: null }, at)
    const evidence = { at, what: `the run failed: ${message}`, source: 'protocol' }
    return [failure === null ? { type: 'note', evidence } : { type: 'failure', ...failure, evidence }]
  }

  /** Of this run: a conversation that was resumed holds the costs of the earlier ones too. What the run came to counts without. */
  #spent(at: number): TaskSignal[] {
    try {
      this.#record ??= this.#thread === null ? null : findRecord(this.#sessions, this.#thread)
      const facts = this.#record?.facts() ?? []
      return facts.flatMap((fact) => (fact.type === 'usage' && fact.usage.at >= this.#startedAt ? [fact] : []))
    } catch (error) {
      return [{ type: 'note', evidence: { at, what: `what it cost cannot be read: ${error instanceof Error ? error.message : String(error)}`, source: 'rollout' } }]
    }
  }
}

function retryText(message: string): string {
  return message.startsWith('Reconnecting') ? `the model is asked again: ${message}` : message
}

function messageOf(error: unknown): string {
  const read = z.looseObject({ message: z.string() }).safeParse(error)
  return read.success ? read.data.message : 'no reason was given'
}

function findRecord(sessions: string, thread: string): RecordFile | null {
  const name = readdirSync(sessions, { recursive: true, encoding: 'utf8' }).find((each) => each.endsWith(`-${thread}.jsonl`))
  return name === undefined ? null : new RecordFile(join(sessions, name))
}

const chunkBytes = 1024 * 1024

/** A record as far as it was not read yet, now: what a line of the run means is told when it is heard. */
class RecordFile {
  readonly #file: string
  readonly #reader = new RolloutReader()
  #offset = 0
  #rest = Buffer.alloc(0)

  constructor(file: string) {
    this.#file = file
  }

  facts(): ReturnType<RolloutReader['facts']> {
    const chunk = Buffer.alloc(chunkBytes)
    const handle = openSync(this.#file, 'r')
    try {
      for (let count = readSync(handle, chunk, 0, chunkBytes, this.#offset); count > 0; count = readSync(handle, chunk, 0, chunkBytes, this.#offset)) {
        this.#offset += count
        this.#rest = Buffer.concat([this.#rest, chunk.subarray(0, count)])
      }
    } finally {
      closeSync(handle)
    }
    const end = this.#rest.lastIndexOf(10) + 1
    const lines = this.#rest.toString('utf8', 0, end).split('\n')
    this.#rest = Buffer.from(this.#rest.subarray(end))
    return this.#reader.facts(lines)
  }
}
