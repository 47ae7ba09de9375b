import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { UsageRecord } from '../../core/runtime.ts'
import { isRecord } from '../json.ts'
import { Tail } from '../tail.ts'

/** One line of a session file as far as we care. */
export type RecordFact =
  /** A prompt that stands in the conversation now, or what a hook of ours added to a tool's answer. */
  | { type: 'entered'; by: 'prompt' | 'hook'; text: string; at: number }
  | { type: 'failed'; text: string; at: number }
  /** Somebody pressed Escape: the turn is over, and no hook tells of it where a question was open. */
  | { type: 'cancelled'; at: number }
  /** A summary took the place of the conversation (done), or somebody who asked for one was answered, with or without it. */
  | { type: 'compressed'; done: boolean }
  | { type: 'usage'; usage: UsageRecord }

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isSessionId(text: string): boolean {
  return uuid.test(text)
}

/** What a line shows. Rewritings of the whole (`$set`) tell nothing new but that a summary begins it. */
export function readLine(line: string): RecordFact[] {
  const record = parse(line)
  if (record === null) return []
  if (typeof record['type'] !== 'string') return isSummed(record['$set']) ? [{ type: 'compressed', done: true }] : []
  const at = Date.parse(String(record['timestamp']))
  switch (record['type']) {
    case 'user':
      return entered(record['content'], at)
    case 'gemini':
      return usageOf(record, at)
    case 'error':
      return [{ type: 'failed', text: textOf(record['content']), at }]
    case 'info':
      return infoOf(textOf(record['content']), at)
    default:
      return []
  }
}

/** The line on the screen that tells what became of a summary has no text in the file. */
function infoOf(text: string, at: number): RecordFact[] {
  if (text === 'Request cancelled.') return [{ type: 'cancelled', at }]
  return text === '' ? [{ type: 'compressed', done: false }] : []
}

/** What the CLI has its model say to a summary. An answer that the model gave has figures. */
const thanks = 'Got it. Thanks for the additional context!'

function isSummed(set: unknown): boolean {
  const messages = isRecord(set) && Array.isArray(set['messages']) ? set['messages'].filter(isRecord) : []
  return messages.some(({ type, tokens, content }) => type === 'gemini' && !isRecord(tokens) && textOf(content) === thanks)
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const record: unknown = JSON.parse(line)
    return isRecord(record) ? record : null
  } catch {
    return null // a line cut by a crash of the CLI's; the next one stands by itself
  }
}

const added = /<hook_context>([\s\S]*?)<\/hook_context>/g

function entered(content: unknown, at: number): RecordFact[] {
  const parts = Array.isArray(content) ? content.filter(isRecord) : typeof content === 'string' ? [{ text: content }] : []
  return parts.flatMap((part): RecordFact[] => {
    if (typeof part['text'] === 'string') return [{ type: 'entered', by: 'prompt', text: part['text'], at }]
    const answer = isRecord(part['functionResponse']) ? part['functionResponse']['response'] : null
    const output = isRecord(answer) ? String(answer['output'] ?? answer['error'] ?? '') : ''
    // The CLI escapes what hooks add.
    return [...output.matchAll(added)].map((match) => ({ type: 'entered', by: 'hook', text: match[1]!.replaceAll('&lt;', '<').replaceAll('&gt;', '>'), at }))
  })
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return Array.isArray(content) ? content.filter(isRecord).map((part) => String(part['text'] ?? '')).join('\n') : ''
}

/** Prompts are counted with what was read from the cache, and thoughts by themselves: they cost what output does. */
function usageOf(record: Record<string, unknown>, at: number): RecordFact[] {
  const { tokens, id, model } = record
  if (!isRecord(tokens) || typeof id !== 'string') return []
  const count = (name: string) => (typeof tokens[name] === 'number' ? tokens[name] : 0)
  const cacheRead = count('cached')
  return [
    {
      type: 'usage',
      usage: {
        key: id,
        at,
        model: String(model ?? 'unknown'),
        tokens: { input: Math.max(0, count('input') - cacheRead) + count('tool'), output: count('output') + count('thoughts'), cacheRead, cacheWrite: 0 },
      },
    },
  ]
}

/**
 * `tmp/<folder>/chats/session-<minute>-<first 8 of the id>.jsonl`, whose first line has the whole id; null while there is
 * none. A conversation of a subagent has a file of its own, which is not looked for here.
 */
export async function findSession(tmp: string, session: string): Promise<string | null> {
  if (!isSessionId(session)) return null
  for (const folder of await readdir(tmp).catch(() => [])) {
    const chats = join(tmp, folder, 'chats')
    for (const name of (await readdir(chats).catch(() => [])).toSorted().toReversed()) {
      if (!name.endsWith(`-${session.slice(0, 8)}.jsonl`)) continue
      if ((await head(join(chats, name)))['sessionId'] === session) return join(chats, name)
    }
  }
  return null
}

const headBytes = 4096

async function head(file: string): Promise<Record<string, unknown>> {
  const handle = await open(file, 'r').catch(() => null) // gone meanwhile
  if (handle === null) return {}
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    return parse(buffer.toString('utf8', 0, bytesRead).split('\n')[0] ?? '') ?? {}
  } finally {
    await handle.close()
  }
}

/** Whether there is something to resume: a prompt that the model has answered. */
export async function hasPrompts(file: string): Promise<boolean> {
  for await (const line of new Tail(file).lines()) if (parse(line)?.['type'] === 'gemini') return true
  return false
}

/** A session file and those of its subagents. Each fact once, as often as it is asked; a call whose figures change is told again. */
export class SessionRecord {
  readonly #main: Tail
  readonly #folder: string
  readonly #subagents = new Map<string, Tail>()
  readonly #told = new Map<string, string>()

  constructor(file: string, session: string) {
    this.#main = new Tail(file)
    this.#folder = join(file, '..', session)
  }

  async *facts(): AsyncGenerator<RecordFact> {
    for await (const line of this.#main.lines()) yield* this.#fresh(readLine(line))
    for (const name of await readdir(this.#folder).catch(() => [])) {
      if (!name.endsWith('.jsonl')) continue
      const tail = this.#subagents.get(name) ?? new Tail(join(this.#folder, name))
      this.#subagents.set(name, tail)
      for await (const line of tail.lines()) yield* this.#fresh(readLine(line).filter((fact) => fact.type === 'usage'))
    }
  }

  *#fresh(facts: RecordFact[]): Generator<RecordFact> {
    for (const fact of facts) {
      if (fact.type === 'usage') {
        const figures = JSON.stringify(fact.usage.tokens)
        if (this.#told.get(fact.usage.key) === figures) continue
        this.#told.set(fact.usage.key, figures)
      }
      yield fact
    }
  }
}
