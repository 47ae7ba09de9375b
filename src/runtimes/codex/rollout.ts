import { open } from 'node:fs/promises'
import { z } from 'zod'
import type { UsageRecord } from '../../core/runtime.ts'
import { parseRecord } from '../json.ts'
import { Tail } from '../tail.ts'

/** What a line of a conversation's file shows, as far as we care. */
export type RolloutFact =
  /** Words of the user's that stand in the conversation now. */
  | { type: 'entered'; text: string; at: number }
  | { type: 'usage'; usage: UsageRecord }

const record = z.looseObject({ timestamp: z.string(), type: z.string(), payload: z.looseObject({ type: z.string().optional() }) })
const context = z.looseObject({ model: z.string() })
const message = z.looseObject({ role: z.literal('user'), content: z.array(z.looseObject({ text: z.string().optional() })) })
const spent = z.looseObject({
  response_id: z.string(),
  usage: z.looseObject({
    input_tokens: z.number(),
    cached_input_tokens: z.number().default(0),
    cache_write_input_tokens: z.number().default(0),
    output_tokens: z.number(),
  }),
})

/** Reads the lines of one conversation, in order. */
export class RolloutReader {
  #model = ''

  facts(lines: Iterable<string>): RolloutFact[] {
    return [...lines].flatMap((line) => this.#read(line) ?? [])
  }

  #read(line: string): RolloutFact | null {
    const read = record.safeParse(parseRecord(line))
    if (!read.success) return null
    const { type, payload, timestamp } = read.data
    const at = Date.parse(timestamp)
    if (type === 'turn_context') this.#model = context.safeParse(payload).data?.model ?? this.#model
    if (type === 'token_usage_record') return this.#usage(payload, at)
    if (type !== 'response_item' || payload.type !== 'message') return null
    const said = message.safeParse(payload)
    return said.success ? { type: 'entered', text: said.data.content.flatMap((part) => part.text ?? []).join('\n'), at } : null
  }

  /** Of what was read, the provider counts the cached parts in. */
  #usage(payload: unknown, at: number): RolloutFact | null {
    const read = spent.safeParse(payload)
    if (!read.success) return null
    const { response_id: key, usage } = read.data
    const [cacheRead, cacheWrite] = [usage.cached_input_tokens, usage.cache_write_input_tokens]
    const input = Math.max(0, usage.input_tokens - cacheRead - cacheWrite)
    return { type: 'usage', usage: { key, at, model: this.#model, tokens: { input, output: usage.output_tokens, cacheRead, cacheWrite } } }
  }
}

/** Reads the growing file of one conversation. Each fact once, as often as it is asked. */
export class Rollout {
  readonly #tail: Tail
  readonly #reader = new RolloutReader()

  constructor(file: string) {
    this.#tail = new Tail(file)
  }

  async *facts(): AsyncGenerator<RolloutFact> {
    for await (const line of this.#tail.lines()) yield* this.#reader.facts([line])
  }
}

/** Beyond this the first line is not searched for its folder. Bytes. */
const headBytes = 256 * 1024

/** The folder a conversation was begun in, or null if its first record does not say. */
export async function startedIn(file: string): Promise<string | null> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    const head = buffer.toString('utf8', 0, bytesRead)
    const meta = record.safeParse(parseRecord(head.slice(0, head.indexOf('\n'))))
    const cwd = meta.success ? meta.data.payload['cwd'] : null
    return typeof cwd === 'string' ? cwd : null
  } finally {
    await handle.close()
  }
}
