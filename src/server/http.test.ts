import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fakeDaemon, tokens } from '../../test/fixtures/daemon.ts'
import { operations } from '../api/index.ts'
import { systemClock } from '../core/clock.ts'
import type { Door } from './guard.ts'
import { bodyLimits } from './body.ts'
import { httpApp } from './http.ts'

const door: Door = { kind: 'port', port: 4100 }

function setUp() {
  const daemon = fakeDaemon()
  const reports: unknown[] = []
  const app = httpApp({ daemon, clock: systemClock, report: (error) => reports.push(error) })
  const ask = (path: string, init: RequestInit & { token?: string; at?: Door } = {}): Promise<Response> => {
    const headers = new Headers({ host: '127.0.0.1:4100', ...(init.headers as Record<string, string>) })
    if (init.token !== undefined) headers.set('authorization', `Bearer ${init.token}`)
    return Promise.resolve(app.fetch(new Request(`http://127.0.0.1:4100${path}`, { ...init, headers }), init.at ?? door))
  }
  const post = (path: string, token: string, body: unknown, more: RequestInit & { at?: Door } = {}) =>
    ask(path, { method: 'POST', token, body: JSON.stringify(body), ...more })
  return { daemon, reports, ask, post }
}

describe('T31: the local address is not open to whoever is on this machine or in its browser', () => {
  const paths = ['/api/v1/ps', '/api/v1/events', '/api/v1/openapi.json', '/mcp', '/hook', '/model/v1/messages', '/nothing']

  test.each(paths)('%s: no token, a wrong one, or one in the wrong place is 401, also without an Origin', async (path) => {
    const { ask, daemon } = setUp()
    const attempts: Record<string, string>[] = [{}, { authorization: 'Bearer wrong' }, { authorization: `Basic ${tokens.operator}` }, { cookie: `token=${tokens.operator}` }]
    for (const headers of attempts) {
      const response = await ask(path, { headers })
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toContain('Bearer')
      expect(await response.json()).toMatchObject({ error: { code: 'unauthorised' }, exit: 3 })
    }
    expect((await ask(`${path}?token=${tokens.operator}`)).status).toBe(401)
    expect(daemon.calls).toEqual([])
  })

  test.each([...paths, '/health'])('%s: a foreign Host or Origin is 403 even with a good token', async (path) => {
    const { ask } = setUp()
    const foreign: Record<string, string>[] = [
      { host: 'evil.example' }, { host: '127.0.0.1' }, { host: '127.0.0.1:4101' }, { host: '127.0.0.1.nip.example:4100' },
      { origin: 'http://evil.example' }, { origin: 'null' }, { origin: 'http://localhost:4101' }, { origin: 'https://localhost:4100' },
      { origin: 'http://127.0.0.1:4100.evil.example' },
    ]
    for (const headers of foreign) expect((await ask(path, { headers, token: tokens.operator })).status).toBe(403)
  })

  test('our own names and origin pass, and no answer invites other origins', async () => {
    const { post } = setUp()
    const response = await post('/api/v1/ps', tokens.operator, {}, { headers: { host: 'localhost:4100', origin: 'http://localhost:4100' } })
    expect(response.status).toBe(200)
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  })
})

describe('scopes', () => {
  test('an agent may call its own operations, and the journal is not for it', async () => {
    const { post, ask } = setUp()
    expect(await (await post('/api/v1/list_team', tokens.ada, {})).json()).toEqual({ agents: ['main:ada', 'main:bob'] })
    expect((await ask('/api/v1/events', { token: tokens.ada })).status).toBe(403)
  })

  test('an operator is no agent', async () => {
    const { post } = setUp()
    for (const path of ['/mcp', '/hook', '/model/v1/messages']) {
      expect((await post(path, tokens.operator, {})).status).toBe(403)
    }
  })

  test('T6: an agent’s own socket belongs to one incarnation, no other token is good there', async () => {
    const { post } = setUp()
    const at: Door = { kind: 'socket', incarnation: '0000000000000000-aaaaaaaaaaaa' }
    const headers = { host: 'localhost' }
    expect((await post('/api/v1/whoami', tokens.ada, {}, { at, headers })).status).toBe(200)
    expect((await post('/api/v1/whoami', tokens.bob, {}, { at, headers })).status).toBe(403)
    expect((await post('/api/v1/ps', tokens.operator, {}, { at, headers })).status).toBe(403)
  })
})

describe('answers', () => {
  test('errors carry sentence, hint, facts and exit code', async () => {
    const { post } = setUp()
    const response = await post('/api/v1/dm', tokens.ada, { to: 'ad', text: 'hi' })
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({
      error: { code: 'unknown', message: 'there is no agent "ad"', hint: 'did you mean ada?', facts: { nearest: 'ada' } },
      exit: 4,
    })
  })

  test('a defect tells the log, not the client', async () => {
    const { post, reports } = setUp()
    const response = await post('/api/v1/inbox_ack', tokens.ada, { ids: [] })
    expect(response.status).toBe(500)
    expect(await response.text()).not.toMatch(/secret|at .*\.ts/)
    expect(reports).toHaveLength(1)
  })

  test('too large, not JSON, not there', async () => {
    const { ask, post } = setUp()
    const big = await ask('/api/v1/ps', { method: 'POST', token: tokens.operator, body: 'x'.repeat(bodyLimits.call + 1) })
    expect(big.status).toBe(413)
    const stated = await ask('/api/v1/ps', { method: 'POST', token: tokens.operator, body: '{}', headers: { 'content-length': String(bodyLimits.call + 1) } })
    expect(stated.status).toBe(413)
    expect((await ask('/api/v1/ps', { method: 'POST', token: tokens.operator, body: '{' })).status).toBe(400)
    expect((await post('/api/v1/nothing', tokens.operator, {})).status).toBe(404)
    expect((await ask('/health')).status).toBe(204)
  })

  test('a hook is answered; one that hangs is let go without an opinion', async () => {
    const { post, reports } = setUp()
    expect(await (await post('/hook', tokens.ada, { hook_event_name: 'Stop' })).json()).toEqual({ seen: 'Stop', by: 'main:ada' })
    expect(await (await post('/hook', tokens.ada, { hang: true })).json()).toEqual({})
    expect(reports).toHaveLength(1)
  })

  test('the model gets the request without prefix and token, from either header', async () => {
    const { ask } = setUp()
    const response = await ask('/model/v1/messages?beta=true', { method: 'POST', headers: { 'x-api-key': tokens.bob }, body: '{"a":1}' })
    expect(await response.text()).toBe('main:bob POST /v1/messages null {"a":1}')
  })

  test('OpenAPI names every operation', async () => {
    const { ask } = setUp()
    const document = (await (await ask('/api/v1/openapi.json', { token: tokens.operator })).json()) as { openapi: string; paths: Record<string, unknown> }
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(Object.keys(operations).map((name) => `/api/v1/${name}`)))
  })
})

describe('events', () => {
  async function read(response: Response, until: RegExp): Promise<string> {
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!until.test(text)) {
      const { value, done } = await reader.read()
      if (done) break
      text += value
    }
    await reader.cancel()
    return text
  }

  test('replays from Last-Event-ID, from ?cursor, and says reset', async () => {
    const { ask } = setUp()
    const header = await read(await ask('/api/v1/events', { token: tokens.operator, headers: { 'last-event-id': '7' } }), /id: 17/)
    expect(header.match(/^id: \d+$/gm)).toEqual(Array.from({ length: 10 }, (_, n) => `id: ${n + 8}`))
    expect(header).toContain('event: journal\ndata: {"n":8}')
    expect(await read(await ask('/api/v1/events?cursor=20', { token: tokens.operator }), /id: 30/)).toContain('id: 21')
    expect(await read(await ask('/api/v1/events?cursor=old', { token: tokens.operator }), /id: 110/)).toContain('event: reset')
  })

  test('a comment shows that the stream lives', async () => {
    const daemon = fakeDaemon()
    const app = httpApp({ daemon, clock: systemClock, times: { heartbeatMs: 20, stallMs: 10_000 }, report: () => undefined })
    const headers = { host: '127.0.0.1:4100', authorization: `Bearer ${tokens.operator}` }
    const response = await app.fetch(new Request('http://127.0.0.1:4100/api/v1/events', { headers }), door)
    expect(await read(response, /: alive\n\n: alive/)).toContain('id: 110')
  })
})

test('no body, however odd, is a defect: it is JSON with an error or an answer', async () => {
  const { ask, reports } = setUp()
  const bodies = fc.oneof(fc.json(), fc.string(), fc.uint8Array().map((bytes) => Buffer.from(bytes)))
  const paths = fc.constantFrom('/api/v1/ps', '/api/v1/send', '/api/v1/mail', '/mcp', '/hook')
  await fc.assert(
    fc.asyncProperty(paths, bodies, async (path, body) => {
      const token = path === '/mcp' || path === '/hook' ? tokens.ada : tokens.operator
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
      const response = await ask(path, { method: 'POST', token, body, headers })
      expect(response.status).toBeLessThan(500)
      if (response.status >= 400) expect(JSON.parse(await response.text())).toHaveProperty('error')
      else await response.body?.cancel()
    }),
    { numRuns: 300 },
  )
  expect(reports).toEqual([])
})
