import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTcp, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import { Upstream, type Forwarding } from './upstream.ts'

const patiently = { timeout: 30_000, interval: 10 }
let server: Server | null = null
let rude: { server: TcpServer; sockets: Set<Socket> } | null = null
const way = new Upstream({})

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  for (const socket of rude?.sockets ?? []) socket.destroy()
  rude?.server.close()
  ;[server, rude] = [null, null]
})

async function provider(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  server = createServer(answer)
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`
}

const none = new AbortController().signal
const ask = (root: string, more: Partial<Parameters<Upstream['forward']>[0]> = {}, to: Partial<Forwarding> = {}) =>
  way.forward({ method: 'POST', path: '/v1/messages?beta=true', headers: new Headers(), body: new Blob(['{}']).stream(), signal: none, ...more }, { root, headers: { 'x-api-key': 'k' }, ...to })

it('passes on what was asked and gives back what was answered, without what belongs to a connection', async () => {
  let seen: unknown
  const root = await provider(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method, url, headers } = request
    seen = { method, url, headers, body: Buffer.concat(chunks).toString() }
    response.writeHead(418, 'odd', { 'x-own': 'a', connection: 'close', 'content-type': 'text/odd', 'set-cookie': ['a=1', 'b=2'] }).end('body')
  })
  const headers = new Headers({ 'anthropic-beta': 'b', connection: 'x-gone', 'x-gone': '1', te: 'trailers', host: 'evil', 'accept-encoding': 'gzip', 'content-type': 'application/json' })
  const answer = await ask(root, { headers })
  expect([answer.status, await answer.text(), answer.headers.get('x-own'), answer.headers.get('connection'), answer.headers.getSetCookie()]).toEqual([418, 'body', 'a', null, ['a=1', 'b=2']])
  expect(seen).toMatchObject({ method: 'POST', url: '/base/v1/messages?beta=true', body: '{}', headers: { 'anthropic-beta': 'b', 'x-api-key': 'k', 'accept-encoding': 'identity', host: expect.stringMatching(/^127/) as string } })
  expect(seen).not.toHaveProperty('headers.x-gone')
  expect(seen).not.toHaveProperty('headers.te')
})

it('hands on each piece as it comes, the same bytes', async () => {
  const go = Promise.withResolvers<void>()
  const root = await provider(async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n\u00e4')
    await go.promise
    response.end(Buffer.from([0xff, 0x00]))
  })
  const seen: Buffer[] = []
  const answer = await ask(root, {}, { seen: (chunk) => seen.push(chunk) })
  const reader = answer.body!.getReader()
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('data: 1\n\n\u00e4')
  go.resolve()
  expect([...(await reader.read()).value!]).toEqual([0xff, 0x00])
  expect((await reader.read()).done).toBe(true)
  expect(Buffer.concat(seen)).toEqual(Buffer.concat([Buffer.from('data: 1\n\n\u00e4'), Buffer.from([0xff, 0x00])]))
})

it('breaks off where the provider does, and says that there is none', async () => {
  const ended = vi.fn<() => void>()
  const root = await provider((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
    setTimeout(() => response.destroy(), 50)
  })
  const answer = await ask(root, {}, { ended })
  await expect(answer.text()).rejects.toThrow()
  expect(ended).toHaveBeenCalledOnce()
  await expect(ask('http://127.0.0.1:9/', {}, { ended })).rejects.toThrow('ECONNREFUSED')
  expect(ended).toHaveBeenCalledTimes(2)
})

it('ends the call when the reader goes away, before the answer and in the middle of it', async () => {
  let closed = 0
  let begun = 0
  const root = await provider((request, response) => {
    begun += 1
    response.on('close', () => (closed += 1))
    if (request.url?.endsWith('begins') === true) response.writeHead(200).write('x')
  })
  const gone = new AbortController()
  const waiting = ask(root, { signal: gone.signal })
  await vi.waitFor(() => expect(begun).toBe(1), patiently)
  gone.abort()
  await expect(waiting).rejects.toThrow()
  await vi.waitFor(() => expect(closed).toBe(1), patiently)
  const ended = vi.fn<() => void>()
  const answer = await ask(root, { path: '/begins' }, { ended })
  await answer.body!.cancel()
  await vi.waitFor(() => expect(closed).toBe(2), patiently)
  expect(ended).toHaveBeenCalledOnce()
})

it('takes no more from a provider than the reader takes, and no more from the asker than the provider takes', async () => {
  const megabytes = 64
  let written = 0
  const root = await provider((request, response) => {
    if (request.url?.endsWith('slow') === true) return // reads nothing
    const piece = Buffer.alloc(1024 * 1024)
    const write = (): void => {
      while (written < megabytes) {
        written += 1
        if (!response.write(piece)) return void response.once('drain', write)
      }
      response.end()
    }
    request.resume().on('end', write)
  })
  const answer = await ask(root)
  await new Promise((resolve) => setTimeout(resolve, 300))
  const before = written
  expect(before).toBeLessThan(megabytes / 2)
  expect((await answer.arrayBuffer()).byteLength).toBe(megabytes * 1024 * 1024)
  let pulled = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 1
      if (pulled > megabytes) controller.close()
      else controller.enqueue(new Uint8Array(1024 * 1024))
    },
  })
  const gone = new AbortController()
  const slow = ask(root, { path: '/slow', body, signal: gone.signal })
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(pulled).toBeLessThan(megabytes / 2)
  gone.abort()
  await expect(slow).rejects.toThrow()
})

/** A provider that sends these bytes for an answer, whatever was asked, and `then` does with its end what it likes. */
async function rudeProvider(bytes: (string | Buffer)[], then: (socket: Socket) => void = (socket) => void socket.end()): Promise<string> {
  const sockets = new Set<Socket>()
  const listening = createTcp((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.once('data', () => {
      for (const piece of bytes) socket.write(piece)
      then(socket)
    })
  })
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  rude = { server: listening, sockets }
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
}

const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n'
const rudeness: [what: string, bytes: (string | Buffer)[]][] = [
  ['no HTTP at all', [Buffer.alloc(4096, 0xff)]],
  ['a header larger than any', [`${head}x-huge: ${'h'.repeat(1024 * 1024)}\r\n\r\n`]],
  ['ten thousand headers', [head, ...Array.from({ length: 10_000 }, (_, n) => `x-${n}: ${n}\r\n`), '\r\n']],
  ['a status that there is not', ['HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n']],
  ['another protocol', ['HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n\u0081\u0005hello']],
  ['half a head', ['HTTP/1.1 200 OK\r\ncontent-ty']],
  ['nothing', []],
]

it.each(rudeness)('says that there is no answer, once, where a provider sends %s', async (_what, bytes) => {
  const ended = vi.fn<() => void>()
  await expect(ask(await rudeProvider(bytes), {}, { ended })).rejects.toThrow()
  expect(ended).toHaveBeenCalledOnce()
  await vi.waitFor(() => expect(rude?.sockets.size).toBe(0), patiently)
})

const broken: [what: string, bytes: (string | Buffer)[], whole: string][] = [
  ['garbage between chunks', [`${head}transfer-encoding: chunked\r\n\r\n4\r\ndata\r\n`, Buffer.from([0xde, 0xad, 0xbe, 0xef, 0x0d, 0x0a])], 'data'],
  ['half a chunk', [`${head}transfer-encoding: chunked\r\n\r\n4\r\ndata\r\nffff\r\nhalf`], 'datahalf'],
  ['less than it said', [`${head}content-length: 100\r\n\r\nhalf`], 'half'],
]

it.each(broken)('hands on what there was, and breaks off, where a provider sends %s', async (_what, bytes, whole) => {
  const ended = vi.fn<() => void>()
  const seen: Buffer[] = []
  const answer = await ask(await rudeProvider(bytes), {}, { ended, seen: (chunk) => seen.push(chunk) })
  await expect(answer.text()).rejects.toThrow()
  expect([Buffer.concat(seen).toString(), ended.mock.calls.length]).toEqual([whole, 1])
})

it('breaks off where a provider stalls: before its answer, and in the middle of it', async () => {
  const impatient = new Upstream({}, 200)
  const stalls = (root: string) => impatient.forward({ method: 'POST', path: '/', headers: new Headers(), body: null, signal: none }, { root, headers: {} })
  await expect(stalls(await rudeProvider([], () => {}))).rejects.toThrow('it said nothing for')
  const answer = await stalls(await rudeProvider([`${head}transfer-encoding: chunked\r\n\r\n4\r\ndata\r\n`], () => {}))
  await expect(answer.text()).rejects.toThrow()
  impatient.close()
})
