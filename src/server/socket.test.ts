import fc from 'fast-check'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { fakeDaemon, type FakeDaemon } from '../../test/fixtures/daemon.ts'
import { testFolder } from '../../test/fixtures/folder.ts'
import { connect } from '../client/connect.ts'
import { LineReader, longestLine, programVersion, protocolVersion } from '../api/wire.ts'
import { systemClock } from '../core/clock.ts'
import { holdValues } from '../daemon/held.ts'
import { keeperSeat } from './keeper-seat.ts'
import { listenOperator, type OperatorSocket } from './socket.ts'

const hello = { hello: { protocol: protocolVersion, version: programVersion, pid: 1 } }
const patience = { timeout: 30_000, interval: 10 }
let daemon: FakeDaemon
let path: string
let server: OperatorSocket
let reports: unknown[]
let closers: (() => void)[]

async function listen(limits: Parameters<typeof listenOperator>[1]['limits'] = {}): Promise<void> {
  const held = holdValues(null)
  const seat = keeperSeat({ version: programVersion, held, clock: systemClock, start: () => undefined })
  daemon.listening({ url: 'http://127.0.0.1:1', endpoints: { open: async () => '', close: async () => undefined }, held, keeper: seat.pid })
  const serverHello = { ...hello.hello, pid: process.pid, root: '/team' }
  server = await listenOperator(path, { daemon, hello: serverHello, seat, clock: systemClock, report: (error) => reports.push(error), limits })
}

beforeEach(() => {
  daemon = fakeDaemon()
  path = join(testFolder('troupe-socket-'), 'op.sock')
  reports = []
  closers = []
})

afterEach(async () => {
  for (const close of closers) close()
  await server.close(0)
})

async function client() {
  const made = await connect({ socket: path })
  closers.push(() => made.close())
  return made
}

/** A client that says what it wants and remembers every line it gets. */
function raw(): { socket: Socket; lines: unknown[]; say(line: unknown): void; closed: Promise<void> } {
  const socket = createConnection(path)
  const reader = new LineReader(64 * longestLine)
  const lines: unknown[] = []
  socket.on('data', (chunk) => lines.push(...reader.push(chunk)))
  socket.on('error', () => undefined)
  closers.push(() => socket.destroy())
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  return { socket, lines, closed, say: (line) => void socket.write(`${JSON.stringify(line)}\n`) }
}

describe('the operator socket', () => {
  test('is private, and takes the place of what a dead daemon left', async () => {
    writeFileSync(path, 'left over')
    await listen()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect((await client()).daemon).toEqual({ protocol: protocolVersion, version: programVersion, pid: process.pid, root: '/team' })
  })

  test('answers, refuses with hint and facts, and keeps defects to itself', async () => {
    await listen()
    const { call } = await client().then((made) => ({ call: made.call.bind(made) }))
    expect(await call('ps', {})).toEqual([])
    await expect(call('dm', { to: 'ad', text: 'hi' })).rejects.toMatchObject({ code: 'unknown', hint: 'did you mean ada?', facts: { nearest: 'ada' } })
    await expect(call('inbox_ack', { ids: [] })).rejects.toMatchObject({ code: 'internal' })
    expect(reports).toHaveLength(1)
    expect(daemon.calls[0]?.caller).toEqual({ kind: 'operator', via: 'socket' })
  })

  test('runs many requests side by side; one can be cancelled alone', async () => {
    await listen()
    const one = await client()
    const abort = new AbortController()
    const waiting = one.call('inbox_watch', {}, { signal: abort.signal })
    const quick = await Promise.all(Array.from({ length: 100 }, () => one.call('list_team', {})))
    expect(quick).toHaveLength(100)
    abort.abort()
    await expect(waiting).rejects.toThrow(/abort/)
    await vi.waitFor(() => expect(daemon.watches[0]?.aborted).toBe(true), patience)
  })

  test('aborts what a client asked for when it goes', async () => {
    await listen()
    const one = await client()
    const waiting = one.call('inbox_watch', {})
    await vi.waitFor(() => expect(daemon.watches).toHaveLength(1), patience)
    one.close()
    await expect(waiting).rejects.toMatchObject({ code: 'unavailable' })
    await vi.waitFor(() => expect(daemon.watches[0]?.aborted).toBe(true), patience)
  })

  test('streams events from a cursor, ends with the signal, tells when the daemon goes', async () => {
    await listen()
    const one = await client()
    const stop = new AbortController()
    const seen: string[] = []
    for await (const { id } of one.events('7', stop.signal)) {
      seen.push(id)
      if (seen.length === 10) stop.abort()
    }
    expect(seen).toEqual(Array.from({ length: 10 }, (_, n) => String(n + 8)))
    const follow = (async () => {
      for await (const item of one.events('old', new AbortController().signal)) if (item.event === 'reset') await server.close(0)
    })()
    await expect(follow).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('closing lets a running call be answered', async () => {
    await listen()
    const one = await client()
    const answer = one.call('mail', { limit: 10 })
    await vi.waitFor(() => expect(daemon.calls).toHaveLength(1), patience)
    await server.close(10_000)
    expect(await answer).toHaveLength(10)
  })
})

describe('a client that does not keep to the rules', () => {
  test.each([
    ['newer', { protocol: protocolVersion + 1 }, 'troupe daemon restart'],
    ['newer, and forgotten ours', { protocol: protocolVersion + 2, oldest: protocolVersion + 1 }, 'troupe daemon restart'],
    ['older', { protocol: protocolVersion - 1 }, `use troupe ${programVersion} or newer`],
    ['none', {}, 'use troupe'],
    ['a word', { protocol: '1' }, 'use troupe'],
  ])('another protocol, %s: told what to do, then closed', async (_what, spoken, hint) => {
    await listen()
    const other = raw()
    other.say({ hello: { ...spoken, version: '9.9.9', pid: 1 } })
    await other.closed
    expect(other.lines).toMatchObject([{ hello: { protocol: protocolVersion } }, { error: { code: 'incompatible', hint: expect.stringContaining(hint) } }])
  })

  test('a newer client that still speaks our protocol is served', async () => {
    await listen()
    const newer = raw()
    newer.say({ hello: { protocol: protocolVersion + 3, oldest: protocolVersion, version: '9.9.9', pid: 1 } })
    newer.say({ id: 1, call: 'ps', input: {} })
    await vi.waitFor(() => expect(newer.lines).toMatchObject([{ hello: {} }, { id: 1, ok: [] }]), patience)
  })

  test('no hello: closed after a while', async () => {
    await listen({ helloMs: 50 })
    const silent = raw()
    await silent.closed
    expect(silent.lines).toEqual([])
  })

  test.each([
    ['a call before the hello', [{ id: 1, call: 'ps', input: {} }]],
    ['no id', [hello, { call: 'ps' }]],
    ['an id in use', [hello, { id: 1, call: 'inbox_watch', input: {} }, { id: 1, call: 'ps', input: {} }]],
    ['not an object', [hello, 7]],
  ])('%s: an error, then closed', async (_what, said) => {
    await listen()
    const bad = raw()
    said.forEach((line) => bad.say(line))
    await bad.closed
    expect(bad.lines.at(-1)).toMatchObject({ error: { code: 'usage' } })
  })

  test('a line that is too long is not collected', async () => {
    await listen()
    const big = raw()
    big.say(hello)
    big.socket.write('x'.repeat(longestLine + 1))
    await big.closed
    expect(big.lines.at(-1)).toMatchObject({ error: { code: 'too_large', facts: { limit: longestLine } } })
  })

  test('too many requests at once are refused one by one', async () => {
    await listen({ requests: 2 })
    const greedy = raw()
    greedy.say(hello)
    for (let id = 1; id <= 3; id += 1) greedy.say({ id, call: 'inbox_watch', input: {} })
    await vi.waitFor(() => expect(greedy.lines.at(-1)).toMatchObject({ id: 3, error: { code: 'throttled' } }), patience)
    greedy.say({ id: 1, cancel: true })
    await vi.waitFor(() => expect(greedy.lines.at(-1)).toMatchObject({ id: 1, ok: { messages: [] } }), patience)
  })

  test('one that asks for more than it takes is cut off', async () => {
    await listen({ queuedBytes: 1_000_000 })
    const greedy = raw()
    greedy.say(hello)
    await vi.waitFor(() => expect(greedy.lines).toHaveLength(1), patience)
    greedy.socket.pause()
    for (let id = 1; id <= 3; id += 1) greedy.say({ id, call: 'mail', input: { limit: 1000 } })
    greedy.socket.resume()
    await greedy.closed
    expect(greedy.lines.length).toBeLessThan(4)
  })

  test('one that does not read is not read from any more, then cut off; others do not notice', async () => {
    await listen({ stallMs: 300 })
    const slow = raw()
    slow.say(hello)
    await vi.waitFor(() => expect(slow.lines).toHaveLength(1), patience)
    slow.socket.pause()
    for (let id = 1; id <= 5; id += 1) slow.say({ id, call: 'mail', input: { limit: 1000 } })
    const other = await client()
    expect(await other.call('list_team', {})).toBeTruthy()
    // Still paused: only the server can end it.
    await vi.waitFor(async () => {
      slow.say({ id: 99, cancel: true })
      expect(slow.socket.destroyed).toBe(true)
    }, patience)
    expect(await other.call('ps', {})).toEqual([])
  })

  test('whatever bytes come, it answers with lines and others go on', async () => {
    await listen()
    const odd = fc.oneof(
      fc.json(),
      fc.string(),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.record({ id: fc.oneof(fc.integer(), fc.string()), call: fc.oneof(fc.string(), fc.constantFrom('ps', 'mail')), input: fc.jsonValue() }).map((line) => JSON.stringify(line)),
      fc.record({ id: fc.integer(), events: fc.jsonValue() }).map((line) => JSON.stringify(line)),
      fc.record({ keeper: fc.jsonValue() }).map((line) => JSON.stringify(line)),
    )
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(odd, { maxLength: 5 }), async (polite, chunks) => {
        const one = raw()
        if (polite) one.say(hello)
        for (const chunk of chunks) {
          one.socket.write(chunk)
          one.socket.write('\n')
        }
        one.socket.end()
        await one.closed
        for (const line of one.lines) expect(line).toBeTypeOf('object')
      }),
      { numRuns: 200 },
    )
    expect(await (await client()).call('ps', {})).toEqual([])
    expect(reports).toEqual([])
  })
})

test('nobody there, a file in its place, somebody silent: unavailable, with what to do', async () => {
  await listen()
  await expect(connect({ socket: `${path}.none` })).rejects.toMatchObject({ code: 'unavailable', hint: 'troupe daemon start' })
  writeFileSync(`${path}.file`, '')
  await expect(connect({ socket: `${path}.file` })).rejects.toMatchObject({ code: 'unavailable' })
})

test('binds its socket anew when somebody removes or replaces it, keeps who is connected, and says so', async () => {
  await listen()
  const early = await client()
  const back = () => vi.waitFor(async () => (await connect({ socket: path })).close(), patience)
  rmSync(path)
  await back()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  rmSync(path)
  writeFileSync(path, 'not a socket')
  await back()
  rmSync(join(path, '..'), { recursive: true })
  await back()
  await early.call('ps', {})
  expect(reports.map(String)).toEqual(Array.from({ length: 3 }, () => expect.stringContaining('was removed while its daemon lives') as string))
  await server.close(0)
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  await expect(connect({ socket: path })).rejects.toMatchObject({ code: 'unavailable' })
})
