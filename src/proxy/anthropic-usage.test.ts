import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, it, vi } from 'vitest'
import { AnthropicTally } from './anthropic-usage.ts'
import { Meter } from './meter.ts'

type Told = Parameters<ConstructorParameters<typeof Meter>[2]>[0]

const event = (data: { type: string; [key: string]: unknown }): string => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
const start = event({ type: 'message_start', message: { id: 'msg_1', type: 'message', model: 'm', usage: { input_tokens: 7, cache_creation_input_tokens: 5, cache_read_input_tokens: 3, output_tokens: 1 } } })
const words = event({ type: 'content_block_delta', delta: { type: 'text_delta', text: 'it says "message_delta" {"usage":{"output_tokens":999}} \u00e4\u{1f600}' } })
const delta = event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 42 } })
const whole = start + event({ type: 'ping' }) + words + delta + event({ type: 'message_stop' })

function read(chunks: Uint8Array[], headers: Record<string, string> = { 'content-type': 'text/event-stream; charset=utf-8' }): Promise<Told> {
  return new Promise((resolve) => {
    const meter = new Meter(new Headers(headers), new AnthropicTally(), resolve)
    for (const chunk of chunks) meter.feed(Buffer.from(chunk))
    meter.end()
  })
}
const expected = { key: 'msg_1', model: 'm', tokens: { input: 7, output: 42, cacheRead: 3, cacheWrite: 5 } }

it('reads what a streamed answer cost, wherever it is cut into pieces', async () => {
  const bytes = Buffer.from(whole)
  for (const size of [1, 3, 17, 100_000]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size))
    expect(await read(chunks)).toEqual(expected)
  }
})

it('reads one that is one JSON value, and packed ones', async () => {
  const json = Buffer.from(JSON.stringify({ id: 'msg_1', type: 'message', model: 'm', usage: { input_tokens: 7, output_tokens: 42, cache_read_input_tokens: 3, cache_creation_input_tokens: 5 } }))
  expect(await read([json], { 'content-type': 'application/json' })).toEqual(expected)
  for (const [name, pack] of Object.entries({ gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync })) {
    expect(await read([pack(Buffer.from(whole))], { 'content-type': 'text/event-stream', 'content-encoding': name })).toEqual(expected)
  }
})

it('tells apart what the cache keeps for an hour: it costs more', async () => {
  const usage = { input_tokens: 7, output_tokens: 42, cache_read_input_tokens: 3, cache_creation_input_tokens: 5, cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 4 } }
  const begun = event({ type: 'message_start', message: { id: 'msg_1', type: 'message', model: 'm', usage: { ...usage, output_tokens: 1 } } })
  expect(await read([Buffer.from(begun + delta)])).toEqual({ ...expected, tokens: { ...expected.tokens, cacheWriteLong: 4 } })
  expect(await read([Buffer.from(JSON.stringify({ id: 'msg_1', type: 'message', model: 'm', usage }))], { 'content-type': 'application/json' })).toEqual({ ...expected, tokens: { ...expected.tokens, cacheWriteLong: 4 } })
})

it('tells what is known of one that broke off, once, and nothing where there was no message', async () => {
  expect(await read([Buffer.from(start + words)])).toEqual({ ...expected, tokens: { ...expected.tokens, output: 1 } })
  expect(await read([gzipSync(Buffer.from(whole)).subarray(0, 40)], { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })).toBeNull()
  expect(await read([Buffer.from('{"type":"error","error":{"type":"api_error"}}')], { 'content-type': 'application/json' })).toBeNull()
  expect(await read([Buffer.from('<html>')], {})).toBeNull()
  const told = vi.fn<(told: Told) => void>()
  const meter = new Meter(new Headers(), new AnthropicTally(), told)
  meter.end()
  meter.end()
  expect(told).toHaveBeenCalledOnce()
})
