import { createHash } from 'node:crypto'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { ModelFormat } from '../core/runtime.ts'
import { Meter, type Cost } from './meter.ts'
import { wires } from './wires.ts'

type Tokens = Cost['tokens']

const stream = { 'content-type': 'text/event-stream; charset=utf-8' }
const json = { 'content-type': 'application/json' }
const words = 'it says "usage":{ "usageMetadata" "response.completed" {"usage":{"output_tokens":999}} \u00e4\u{1f600}'

function read(format: ModelFormat, chunks: readonly Uint8Array[], headers: Record<string, string>, model: string | null = 'asked'): Cost | null {
  let told: Cost | null = null
  const meter = new Meter(new Headers(headers), wires[format].tally(model), (cost) => (told = cost))
  for (const chunk of chunks) meter.feed(Buffer.from(chunk))
  meter.end()
  return told
}

async function unpacked(format: ModelFormat, packed: Uint8Array, packing: string): Promise<Cost | null> {
  return await new Promise((resolve) => {
    const meter = new Meter(new Headers({ ...stream, 'content-encoding': packing }), wires[format].tally(null), resolve)
    for (let at = 0; at < packed.length; at += 7) meter.feed(Buffer.from(packed.subarray(at, at + 7)))
    meter.end()
  })
}

function cut(text: string, size: number): Uint8Array[] {
  const bytes = Buffer.from(text)
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size))
}

const line = (value: object): string => `data: ${JSON.stringify(value)}\n\n`
const named = (value: { type: string; [key: string]: unknown }): string => `event: ${value.type}\r\ndata: ${JSON.stringify(value)}\r\n\r\n`

/** As each provider's pages show them: what the cache gave is part of the prompt, what was thought costs as an answer. */
const answers: Record<ModelFormat, { stream: string; broken: string; whole: object; key: string; tokens: Tokens; told: Tokens | null }> = {
  messages: {
    stream: named({ type: 'message_start', message: { id: 'msg_1', type: 'message', model: 'm', usage: { input_tokens: 7, cache_creation_input_tokens: 5, cache_read_input_tokens: 3, output_tokens: 1 } } }) + named({ type: 'content_block_delta', delta: { type: 'text_delta', text: words } }) + named({ type: 'message_delta', usage: { output_tokens: 42 } }),
    broken: named({ type: 'message_start', message: { id: 'msg_1', type: 'message', model: 'm', usage: { input_tokens: 7, output_tokens: 1 } } }) + 'event: content_bl',
    whole: { id: 'msg_1', type: 'message', model: 'm', usage: { input_tokens: 7, output_tokens: 42, cache_read_input_tokens: 3, cache_creation_input_tokens: 5 } },
    key: 'msg_1',
    tokens: { input: 7, output: 42, cacheRead: 3, cacheWrite: 5 },
    told: { input: 7, output: 1, cacheRead: 0, cacheWrite: 0 },
  },
  responses: {
    stream: named({ type: 'response.created', response: { id: 'resp_1', model: 'm', usage: null } }) + named({ type: 'response.output_text.delta', delta: words }) + named({ type: 'response.completed', response: { id: 'resp_1', model: 'm', output: [{ content: [{ text: words }] }], usage: { input_tokens: 15, input_tokens_details: { cached_tokens: 3, cache_write_tokens: 5 }, output_tokens: 42, output_tokens_details: { reasoning_tokens: 40 }, total_tokens: 57 } } }),
    broken: named({ type: 'response.created', response: { id: 'resp_1', model: 'm', usage: null } }) + 'event: response.out',
    whole: { id: 'resp_1', object: 'response', model: 'm', usage: { input_tokens: 15, input_tokens_details: { cached_tokens: 3, cache_write_tokens: 5 }, output_tokens: 42, total_tokens: 57 } },
    key: 'resp_1',
    tokens: { input: 7, output: 42, cacheRead: 3, cacheWrite: 5 },
    told: null,
  },
  chat: {
    stream: `: OPENROUTER PROCESSING\n\n${line({ id: 'c_1', model: 'm', choices: [{ delta: { content: words } }], usage: null })}${line({ id: 'c_1', model: 'm', choices: [], usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 52, prompt_tokens_details: { cached_tokens: 3 }, completion_tokens_details: { reasoning_tokens: 40 } } })}data: [DONE]\n\n`,
    broken: line({ id: 'c_1', model: 'm', choices: [{ delta: { content: words } }], usage: null }),
    whole: { id: 'c_1', model: 'm', choices: [], usage: { prompt_tokens: 10, completion_tokens: 42, total_tokens: 52, prompt_cache_hit_tokens: 3 } },
    key: 'c_1',
    tokens: { input: 7, output: 42, cacheRead: 3, cacheWrite: 0 },
    told: null,
  },
  generate: {
    stream: `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ text: words }] } }], usageMetadata: { promptTokenCount: 10, totalTokenCount: 10 }, modelVersion: 'm', responseId: 'r_1' })}\r\n\r\n` + line({ candidates: [], usageMetadata: { promptTokenCount: 10, cachedContentTokenCount: 3, candidatesTokenCount: 2, thoughtsTokenCount: 40, totalTokenCount: 52 }, modelVersion: 'm', responseId: 'r_1' }),
    broken: line({ candidates: [{ content: { parts: [{ text: words }] } }], usageMetadata: { promptTokenCount: 10, totalTokenCount: 10 }, modelVersion: 'm', responseId: 'r_1' }) + 'data: {"cand',
    whole: [{ usageMetadata: { promptTokenCount: 10, totalTokenCount: 10 }, responseId: 'r_1' }, { usageMetadata: { promptTokenCount: 10, cachedContentTokenCount: 3, candidatesTokenCount: 42, totalTokenCount: 52 }, modelVersion: 'm', responseId: 'r_1' }],
    key: 'r_1',
    tokens: { input: 7, output: 42, cacheRead: 3, cacheWrite: 0 },
    told: { input: 10, output: 0, cacheRead: 0, cacheWrite: 0 },
  },
}
const formats = Object.keys(answers) as ModelFormat[]

describe.each(formats)('what a call cost, as %s tells it', (format) => {
  const { stream: text, whole, broken, key, tokens, told } = answers[format]

  it('is read right to the token, streamed or whole, wherever it is cut into pieces', () => {
    for (const size of [1, 3, 17, 4096]) {
      expect(read(format, cut(text, size), stream)).toEqual({ key, model: 'm', tokens })
      expect(read(format, cut(JSON.stringify(whole), size), json)).toEqual({ key, model: 'm', tokens })
    }
    // The last event is whole, its end is not.
    expect(read(format, cut(text.trimEnd(), 5), stream)).toEqual({ key, model: 'm', tokens })
  })

  it('is read where the provider packs its answer all the same', async () => {
    for (const [name, pack] of Object.entries({ gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync, deflate: deflateSync, 'X-GZIP ': gzipSync })) {
      expect(await unpacked(format, pack(Buffer.from(text)), name)).toEqual({ key, model: 'm', tokens })
    }
    expect(await unpacked(format, Buffer.from('not packed'), 'zstd')).toBeNull()
    expect(await unpacked(format, gzipSync(Buffer.from(text)).subarray(0, 30), 'gzip')).toBeNull()
  })

  it('is what was told before the answer broke off, and nothing where nothing was', () => {
    expect(read(format, cut(broken, 9), stream)?.tokens ?? null).toEqual(told)
    for (const body of ['', '<html>', '{"error":{"message":"no"}}', '[1,null,"x"]', '{"usage":7,"usageMetadata":[],"response":3,"id":"x","type":"message"']) expect(read(format, [Buffer.from(body)], json)).toBeNull()
  })

  it('is found behind 10 MB without the end of a line, and behind garbage', () => {
    const million = Buffer.alloc(1024 * 1024, 'x')
    const endless = [Buffer.from('data: {"usage":{'), ...Array.from({ length: 10 }, () => million), Buffer.from('\n\n')]
    expect(read(format, [...endless, ...cut(text, 100)], stream)).toEqual({ key, model: 'm', tokens })
    const garbage = noise(format, 200_000)
    expect(read(format, [garbage, Buffer.from('\n\n'), ...cut(text, 33)], stream)).toEqual({ key, model: 'm', tokens })
    expect(read(format, endless, json)).toBeNull()
  })

  it('holds no numbers that no call has, and no name without an end', () => {
    const odd = (value: unknown): string => JSON.stringify(whole).replaceAll(/\b(42|40|52|57|15|10|7|5|3|2)\b/g, JSON.stringify(value))
    for (const value of [-5, 1e300, 1.5, '7', null, {}]) {
      const cost = read(format, [Buffer.from(odd(value))], json)
      expect(Object.values(cost?.tokens ?? {}).every((each) => Number.isInteger(each) && each >= 0 && each <= 1e9)).toBe(true)
    }
    const long = JSON.stringify(whole).replaceAll(`"${key}"`, `"${'k'.repeat(9_999)}"`).replaceAll('"m"', `"${'m'.repeat(9_999)}"`)
    const cost = read(format, [Buffer.from(long)], json)
    expect([cost?.key.length, cost?.model.length]).toEqual([200, 200])
  })
})

/** The same bytes each time. */
function noise(seed: string, size: number): Buffer {
  const blocks: Buffer[] = []
  for (let n = 0; n * 32 < size; n++) blocks.push(createHash('sha256').update(`${seed} ${n}`).digest())
  return Buffer.concat(blocks)
}
