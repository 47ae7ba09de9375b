import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { liveDaemon, type LiveDaemon } from '../fixtures/live-daemon.ts'

const patience = { timeout: 30_000, interval: 20 }
let live: LiveDaemon
let upstream: Server
let answer: (request: IncomingMessage, response: ServerResponse) => void

beforeEach(async () => {
  upstream = createServer((request, response) => answer(request, response))
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const api_root = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  live = await liveDaemon({ metering: { via: 'proxy', api_root }, each: { runtime: 'claude-code' }, more: { ANTHROPIC_API_KEY: 'sk-the-key' } })
})
afterEach(async () => {
  upstream.closeAllConnections()
  await live.close()
  await new Promise((resolve) => upstream.close(resolve))
})

/** A model call as a CLI makes it, over the daemon's port. */
function call(): ReturnType<typeof httpRequest> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${live.agents['ada']?.token}` }
  return httpRequest(`${live.url}/model/v1/messages?beta=true`, { method: 'POST', headers })
}

test('a streamed answer comes through piece by piece, the same bytes, and a body larger than any buffer goes through whole', async () => {
  const piece = 'event: ping\ndata: {"type":"ping"}\n\n'
  let bytes = 0
  const next = Promise.withResolvers<void>()
  answer = async (request, response) => {
    for await (const chunk of request) bytes += (chunk as Buffer).length
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'request-id': 'req_1', 'anthropic-ratelimit-unified-status': 'allowed' }).write(piece)
    await next.promise
    response.end(`${piece}\u{1f600}`)
  }
  const sent = call()
  const size = 20 * 1024 * 1024
  sent.end(Buffer.alloc(size, 'x'))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  expect([response.statusCode, response.headers['request-id'], response.headers['anthropic-ratelimit-unified-status'], response.headers['content-type']]).toEqual([200, 'req_1', 'allowed', 'text/event-stream; charset=utf-8'])
  // The first piece is here while the provider still thinks.
  const [first] = (await once(response, 'data')) as [Buffer]
  expect(first.toString()).toBe(piece)
  next.resolve()
  const rest: Buffer[] = []
  for await (const chunk of response) rest.push(chunk as Buffer)
  expect(Buffer.concat(rest).toString()).toBe(`${piece}\u{1f600}`)
  expect(bytes).toBe(size)
})

test('a CLI that goes away ends the call at the provider; a provider that breaks off breaks off for the CLI', async () => {
  const closed = Promise.withResolvers<void>()
  answer = (_request, response) => {
    response.on('close', () => closed.resolve())
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
  }
  const leaving = call()
  leaving.end('{"model":"m"}')
  const [begun] = (await once(leaving, 'response')) as [IncomingMessage]
  await once(begun, 'data')
  leaving.on('error', () => {})
  leaving.destroy()
  await closed.promise

  answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n', () => response.destroy())
  }
  const cut = call()
  cut.end('{"model":"m"}')
  const [broken] = (await once(cut, 'response')) as [IncomingMessage]
  await expect(broken.toArray()).rejects.toThrow()
  await vi.waitFor(() => expect(live.log()).not.toContain('sk-the-key'), patience)
})

test('an answer of 10 MB without the end of a line comes through whole, and the one after it is served', async () => {
  const million = Buffer.alloc(1024 * 1024, 'y')
  answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"type":"message_start')
    for (let n = 0; n < 10; n++) response.write(million)
    response.end()
  }
  for (let n = 0; n < 2; n++) {
    const sent = call()
    sent.end('{"model":"m"}')
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const bytes = (await response.toArray() as Buffer[]).reduce((sum, chunk) => sum + chunk.length, 0)
    expect([response.statusCode, bytes]).toEqual([200, 10 * million.length + 28])
  }
  expect(live.reports).toEqual([])
})
