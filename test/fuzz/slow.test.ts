import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { connect } from '../../src/client/connect.ts'
import { liveDaemon, type LiveDaemon } from '../fixtures/live-daemon.ts'
import { patience } from './runs.ts'
import { checkAlive, memoryInUse, open } from './wire.ts'

const generously = { timeout: 100_000, interval: 100 }
const megabyte = 1024 * 1024

let live: LiveDaemon
let sockets: Socket[]

beforeEach(async () => {
  live = await liveDaemon({ limits: { requests_per_second: 100_000 } })
  sockets = []
})

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await live.close()
})

/** A client that is held open; `text` is all it says. */
async function hold(where: string, text: string): Promise<Socket> {
  const socket = open(where)
  sockets.push(socket)
  socket.on('error', () => socket.destroy())
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  socket.write(text)
  return socket
}

const head = (path: string, token: string, more = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: ${new URL(live.url).host}\r\nAuthorization: Bearer ${token}\r\n${more}`

test('500 idle connections on every door: others stay served, memory is small', async () => {
  const before = memoryInUse()
  for (let n = 0; n < 500; n += 1) await hold(live.url, '')
  for (let n = 0; n < 100; n += 1) await hold(live.agents['ada']?.socket ?? '', '')
  for (let n = 0; n < 100; n += 1) await hold(live.operatorSocket, '')
  await checkAlive(live)
  const client = await connect({ socket: live.operatorSocket })
  expect(await client.call('ps', {})).toHaveLength(2)
  client.close()
  expect(memoryInUse() - before).toBeLessThan(50 * megabyte)
}, patience)

test('headers that never end, bodies that trickle, and a side that hangs up half-way hold up nobody; headers are cut off', async () => {
  const token = live.agents['ada']?.token ?? ''
  const slow = await Promise.all(Array.from({ length: 50 }, async (_, n) => [
    await hold(live.url, `${head('/mcp', token)}X-Slow: ${n}`),
    await hold(live.url, `${head('/mcp', token, 'Content-Length: 1000000\r\n')}\r\n{"a":`),
    await hold(live.url, `${head('/hook', token, 'Transfer-Encoding: chunked\r\n')}\r\n1\r\n`),
  ]))
  for (const [headers, body] of slow) {
    headers?.write('y')
    body?.write(' ')
    body?.end() // half-open: it may still read
  }
  await checkAlive(live)
  const [first] = slow[0] ?? []
  first?.resume()
  await vi.waitFor(() => expect(first?.destroyed).toBe(true), generously)
  await checkAlive(live)
}, patience)

test('readers that never read, of events and of answers, cost a bounded amount and hold up nobody', async () => {
  const client = await connect({ socket: live.operatorSocket })
  const text = 'x'.repeat(200_000)
  const operator = `Host: ${new URL(live.url).host}\r\nAuthorization: Bearer ${live.operatorToken}\r\n`
  for (let n = 0; n < 20; n += 1) await client.call('send', { to: 'ada', text })
  const before = memoryInUse()
  for (let n = 0; n < 5; n += 1) {
    const stream = await hold(live.url, `GET /api/v1/events?cursor=%7B%7D HTTP/1.1\r\n${operator}\r\n`)
    const mail = await hold(live.url, `POST /api/v1/mail HTTP/1.1\r\n${operator}Content-Length: 2\r\n\r\n{}`)
    const lines = await hold(live.operatorSocket, '{"hello":{"protocol":1,"version":"0","pid":1}}\n{"id":1,"events":"{}"}\n')
    for (const socket of [stream, mail, lines]) socket.pause()
    for (let id = 2; id < 12; id += 1) lines.write(`{"id":${id},"call":"mail","input":{}}\n`)
  }
  for (let n = 0; n < 100; n += 1) await client.call('send', { to: 'bob', text: 'to fill the journal' })
  await checkAlive(live)
  await sleep(100)
  expect(memoryInUse() - before).toBeLessThan(200 * megabyte)
  client.close()
}, patience)

test('clients that come and go in the middle of everything leave nothing behind', async () => {
  const token = live.agents['ada']?.token ?? ''
  const burst = async (): Promise<void> => {
    const all = await Promise.all(Array.from({ length: 40 }, async (_, n) => await hold(live.url, [
      `${head('/api/v1/inbox_watch', token, 'Content-Length: 2\r\n')}\r\n{}`,
      `${head('/mcp', token, 'Content-Length: 500\r\n')}\r\n{}`,
      `GET /api/v1/events HTTP/1.1\r\nHost: ${new URL(live.url).host}\r\nAuthorization: Bearer ${live.operatorToken}\r\n\r\n`,
    ][n % 3] ?? '')))
    await sleep(20)
    for (const socket of all) socket.resetAndDestroy()
  }
  await burst()
  await vi.waitFor(checkIdle, generously)
  const before = memoryInUse()
  for (let n = 0; n < 5; n += 1) await burst()
  await vi.waitFor(checkIdle, generously)
  expect(memoryInUse() - before).toBeLessThan(20 * megabyte)
}, patience)

/** All of them gone: as many may wait for mail as the limit says, so none of the old ones does. */
async function checkIdle(): Promise<void> {
  await checkAlive(live)
  const client = await connect({ socket: live.operatorSocket })
  const abort = new AbortController()
  const token = live.agents['ada']?.token ?? ''
  try {
    const answers = await Promise.all(Array.from({ length: 8 }, async () => await (await fetch(`${live.url}/api/v1/inbox_watch`, {
      method: 'POST', headers: { authorization: `Bearer ${token}` }, body: '{"timeout_ms":1}', signal: abort.signal,
    })).json()))
    expect(answers).toEqual(answers.map(() => ({ messages: [] })))
  } finally {
    client.close()
    abort.abort()
  }
}
