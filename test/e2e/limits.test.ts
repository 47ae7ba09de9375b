import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { connect } from '../../src/client/connect.ts'
import { systemClock } from '../../src/core/clock.ts'
import { ask, toolCall, type Answer } from '../fixtures/ask.ts'
import { liveDaemon, type LiveDaemon } from '../fixtures/live-daemon.ts'

const patience = { timeout: 30_000, interval: 20 }

let live: LiveDaemon
let now: number

beforeEach(async () => {
  now = Date.now()
  const clock = { ...systemClock, now: () => now }
  live = await liveDaemon({ clock, limits: { requests_per_second: 2, requests_at_once: 4, waits_at_once: 2, inbox_messages: 3 } })
})

afterEach(async () => {
  expect(live.reports).toEqual([])
  await live.close()
})

const token = (name: string): string => live.agents[name]?.token ?? ''
const call = (name: string, operation: string, body: unknown = {}): Promise<Answer> => ask(live.url, `/api/v1/${operation}`, { token: token(name), body })

async function operator<T>(work: (client: Awaited<ReturnType<typeof connect>>) => Promise<T>): Promise<T> {
  const client = await connect({ socket: live.operatorSocket })
  try {
    return await work(client)
  } finally {
    client.close()
  }
}

const inspected = (agent: string) => operator(async (client) => (await client.call('inspect', { agent })).limits)
const journal = () => operator(async (client) => (await client.call('events', {})).events.filter(({ type }) => type === 'agent.throttled'))

describe('one agent that loops', () => {
  test('is refused with 429 and told when to come again, on every face; the others, its hooks and operators go on', async () => {
    for (let n = 0; n < 20; n += 1) expect((await call('ada', 'whoami')).status).toBe(200)
    const refused = await call('ada', 'whoami')
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '1' } })
    expect(JSON.parse(refused.text)).toMatchObject({
      error: { code: 'throttled', message: expect.stringContaining('limits.requests_per_second'), facts: { allowed: 2, retryAfterMs: 500 } }, exit: 3,
    })
    expect((await ask(live.agents['ada']?.socket ?? '', '/api/v1/whoami', { token: token('ada') })).status).toBe(429)
    expect((await ask(live.url, '/mcp', { token: token('ada'), body: toolCall('whoami', {}) })).status).toBe(429)
    expect((await ask(live.url, '/hook', { token: token('ada'), body: {} })).status).toBe(200)
    expect((await call('bob', 'whoami')).status).toBe(200)
    for (let n = 0; n < 30; n += 1) expect((await ask(live.url, '/api/v1/ps', { token: live.operatorToken, body: {} })).status).toBe(200)
    now += 500
    expect((await call('ada', 'whoami')).status).toBe(200)
    expect((await call('ada', 'whoami')).status).toBe(429)
  })

  test('hooks have a rate of their own', async () => {
    for (let n = 0; n < 20; n += 1) expect((await ask(live.url, '/hook', { token: token('ada'), body: {} })).status).toBe(200)
    expect((await ask(live.url, '/hook', { token: token('ada'), body: {} })).status).toBe(429)
    expect((await call('ada', 'whoami')).status).toBe(200)
  })

  test('a batch counts as many', async () => {
    const batch = Array.from({ length: 20 }, (_, id) => toolCall('whoami', {}, id))
    expect((await ask(live.url, '/mcp', { token: token('ada'), body: batch })).status).toBe(429)
  })

  test('stands in inspect with its numbers, in the journal once a minute', async () => {
    for (let n = 0; n < 25; n += 1) await call('ada', 'whoami')
    expect(await inspected('ada')).toMatchObject({ requestsPerSecond: 2, inboxMessages: 3, refused: { requests_per_second: { times: 5, last: now } } })
    expect((await inspected('bob'))['refused']).toEqual({})
    await vi.waitFor(async () => expect(await journal()).toHaveLength(1), patience)
    now += 60_000
    for (let n = 0; n < 22; n += 1) await call('ada', 'whoami')
    await vi.waitFor(async () => expect((await journal()).map(({ agent, data }) => [agent, data['limit'], data['refused']])).toEqual([
      ['p:ada', 'requests_per_second', 1], ['p:ada', 'requests_per_second', 5],
    ]), patience)
  })
})

test('calls that wait for mail are bounded; the place of one that hung up is free again', async () => {
  const aborts = [new AbortController(), new AbortController()]
  const waits = aborts.map(({ signal }) => ask(live.url, '/api/v1/inbox_watch', { token: token('ada'), body: { timeout_ms: 45_000 }, signal }).catch(() => null))
  await vi.waitFor(async () => expect(JSON.parse((await call('ada', 'inbox_watch', { timeout_ms: 0 })).text)).toMatchObject({ error: { facts: { limit: 'waits_at_once' } } }), patience)
  const seen = await ask(live.url, '/mcp', { token: token('ada'), body: toolCall('inbox_watch', { timeout_ms: 0 }) })
  expect(seen.text).toContain('limits.waits_at_once')
  expect((await call('ada', 'whoami')).status).toBe(200)
  aborts[0]?.abort()
  await vi.waitFor(async () => {
    now += 10_000
    expect((await call('ada', 'inbox_watch', { timeout_ms: 0 })).status).toBe(200)
  }, patience)
  aborts[1]?.abort()
  await Promise.all(waits)
})

test('a full inbox refuses agents whole and says so; an operator gets through; an acknowledgement makes room', async () => {
  for (let n = 0; n < 3; n += 1) expect((await call('ada', 'dm', { to: 'bob', text: String(n) })).status).toBe(200)
  const refused = await call('ada', 'dm', { to: 'bob', text: 'more' })
  expect(refused.status).toBe(429)
  expect(JSON.parse(refused.text)).toMatchObject({ error: { code: 'throttled', message: expect.stringContaining('the inbox of p:bob is full') } })
  expect((await call('ada', 'broadcast', { channel: 'all', text: 'more' })).status).toBe(429)
  await operator((client) => client.call('send', { to: 'bob', text: 'catch up' }))
  const all = await operator((client) => client.call('mail', {}))
  expect(all).toHaveLength(4)
  expect((await call('bob', 'inbox_ack', { ids: all.slice(0, 2).map(({ n }) => n) })).status).toBe(200)
  expect((await call('ada', 'dm', { to: 'bob', text: 'now' })).status).toBe(200)
  expect((await inspected('ada'))['refused']).toMatchObject({ inbox_messages: { times: 2 } })
})

test('a subscription that was refused holds no place', async () => {
  for (let n = 0; n < 6; n += 1) {
    now += 10_000
    const body = { jsonrpc: '2.0', id: n, method: 'subscriptions/listen', params: { notifications: 7 } }
    expect((await ask(live.url, '/mcp', { token: token('ada'), body })).status).not.toBe(429)
  }
  expect((await call('ada', 'inbox_watch', { timeout_ms: 0 })).status).toBe(200)
})
