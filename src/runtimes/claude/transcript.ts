import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { UsageRecord } from '../../core/runtime.ts'
import { Tail } from '../tail.ts'
import { Meter, readUsage } from './usage.ts'
import { isRecord } from '../json.ts'

/** One line of `<session>.jsonl` as far as we care. */
export type TranscriptFact =
  /** Text that stands in the conversation now. */
  | { type: 'entered'; text: string; at: number }
  /** The model's API was asked the same again. */
  | { type: 'retry'; at: number }
  /** The turn ended in an error of the model's API: Claude's word for it, and what it showed. */
  | { type: 'failed'; error: string; text: string; at: number }
  | { type: 'usage'; usage: UsageRecord }

type LineFact = Exclude<TranscriptFact, { type: 'usage' }> | { type: 'usage'; usage: UsageRecord; final: boolean }

/**
 * What a line shows. Only records of text that went into the context count: `queue-operation` tells of a message that
 * waits and dies with the process, tool results and replies may quote anything.
 */
export function readLine(line: string): LineFact | null {
  const record = parse(line)
  if (record === null || record['isSidechain'] === true) return null
  const at = Date.parse(String(record['timestamp']))
  if (record['type'] === 'assistant') return readFailure(record, at) ?? readUsage(record, at)
  if (isRetry(record)) return { type: 'retry', at }
  const text = enteredText(record)
  return text === null ? null : { type: 'entered', text, at }
}

/** Claude notes each request as what it adds to the one before: a retry adds nothing. */
function isRetry(record: Record<string, unknown>): boolean {
  const { type, base, tail } = record
  return type === 'api-request' && typeof base === 'string' && Array.isArray(tail) && tail.length === 0
}

/** Claude stands in for the answer that did not come. */
function readFailure(record: Record<string, unknown>, at: number): LineFact | null {
  const { message, error } = record
  if (record['isApiErrorMessage'] !== true || !isRecord(message)) return null
  return { type: 'failed', error: typeof error === 'string' ? error : 'unknown', text: plainText(message['content']) ?? '', at }
}

/** Lines of a sub-agent's own file: only what they cost. */
export function readSubagentLine(line: string): LineFact | null {
  const record = parse(line)
  if (record?.['type'] !== 'assistant') return null
  return readUsage(record, Date.parse(String(record['timestamp'])))
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const record: unknown = JSON.parse(line)
    return isRecord(record) ? record : null
  } catch {
    return null // a line cut by a crash of Claude's; the next one stands by itself
  }
}

function enteredText(record: Record<string, unknown>): string | null {
  if (record['type'] === 'user' && isRecord(record['message'])) return plainText(record['message']['content'])
  if (record['type'] !== 'attachment' || !isRecord(record['attachment'])) return null
  // Messages that joined a running turn.
  const { type, prompt } = record['attachment']
  return type === 'queued_command' ? plainText(prompt) : null
}

function plainText(content: unknown): string | null {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return null
  const texts = content.filter(isRecord).flatMap((block) => (block['type'] === 'text' ? [String(block['text'])] : []))
  return texts.length === 0 ? null : texts.join('\n')
}

/** Beyond this a transcript's first lines are not searched for its folder. Bytes. */
const headBytes = 256 * 1024

/** The folder a conversation was begun in, or null if its first records do not say. */
export async function startedIn(file: string): Promise<string | null> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    for (const line of buffer.toString('utf8', 0, bytesRead).split('\n')) {
      const cwd = parse(line)?.['cwd']
      if (typeof cwd === 'string') return cwd
    }
    return null
  } finally {
    await handle.close()
  }
}

/** A conversation's file and those of its sub-agents. Each fact once, as often as it is asked. */
export class Transcript {
  readonly #main: Source
  readonly #folder: string
  readonly #subagents = new Map<string, Source>()

  constructor(file: string) {
    this.#main = new Source(file, readLine)
    this.#folder = join(file.slice(0, -'.jsonl'.length), 'subagents')
  }

  async *facts(): AsyncGenerator<TranscriptFact> {
    yield* this.#main.facts()
    for (const name of await readdir(this.#folder).catch(() => [])) {
      if (!name.endsWith('.jsonl')) continue
      const source = this.#subagents.get(name) ?? new Source(join(this.#folder, name), readSubagentLine)
      this.#subagents.set(name, source)
      yield* source.facts()
    }
  }
}

class Source {
  readonly #tail: Tail
  readonly #meter = new Meter()
  readonly #read: (line: string) => LineFact | null

  constructor(file: string, read: (line: string) => LineFact | null) {
    this.#tail = new Tail(file)
    this.#read = read
  }

  async *facts(): AsyncGenerator<TranscriptFact> {
    for await (const line of this.#tail.lines()) {
      const fact = this.#read(line)
      if (fact === null) continue
      if (fact.type !== 'usage') {
        yield fact
        continue
      }
      for (const usage of this.#meter.add(fact.usage, fact.final)) yield { type: 'usage', usage }
    }
    for (const usage of this.#meter.soFar()) yield { type: 'usage', usage }
  }
}
