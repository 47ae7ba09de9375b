import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operations } from '../../src/api/index.ts'
import { ask, toolCall } from '../fixtures/ask.ts'
import { liveDaemon, type LiveDaemon } from '../fixtures/live-daemon.ts'
import { patience, runs } from './runs.ts'
import { checkAlive, checkAnswer, memoryInUse, say } from './wire.ts'

let live: LiveDaemon
let token: string

beforeAll(async () => {
  live = await liveDaemon({ limits: { requests_per_second: 1_000_000, waits_at_once: 1000, requests_at_once: 1000, inbox_messages: 1000 } })
  token = live.agents['ada']?.token ?? ''
})
afterAll(async () => await live.close())

/** Those that change no process and do not wait: what they are told is what matters here. */
const quiet = Object.keys(operations).filter((name) => !/^(up|down|down\.part|reload|start|stop|kill|restart|inbox_watch|interrupt|daemon\..*|doctor.*)$/.test(name))

const json = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.record({}, { noNullPrototype: true }), fc.record({
  to: fc.oneof(fc.constantFrom('bob', 'p:bob', '#all', 'ada', '__proto__', ''), fc.string({ unit: 'binary' })),
  channel: fc.constantFrom('all', '#all', 'p#all', 'nothing'),
  text: fc.oneof(fc.string({ unit: 'binary' }), fc.constant('')),
  ids: fc.array(fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double(), fc.constantFrom<unknown>('1', null))),
  key: fc.string({ unit: 'binary', maxLength: 5 }),
  thread_id: fc.string({ unit: 'binary' }),
  limit: fc.oneof(fc.integer(), fc.constantFrom<unknown>(1e308, '5', -0)),
  id: fc.oneof(fc.string(), fc.integer().map(String)),
  agent: fc.constantFrom<unknown>('ada', 'p:ada', 'nobody', 7),
}, { requiredKeys: [], noNullPrototype: true }))

test('whatever an operation is asked, by whomever, it answers or refuses', async () => {
  await fc.assert(fc.asyncProperty(fc.constantFrom(...quiet, 'nothing', '__proto__', '%00', 'a%2fb'), fc.boolean(), json, async (name, asOperator, body) => {
    const answer = await ask(live.url, `/api/v1/${name}`, { token: asOperator ? live.operatorToken : token, body: JSON.stringify(body) })
    checkAnswer(live, answer.text)
    const value: unknown = JSON.parse(answer.text)
    if (answer.status === 200) return
    // `failed` says in words what was tried and did not work; a defect would be `internal`.
    expect(value).toMatchObject({ error: { code: expect.stringMatching(/^(usage|denied|unknown|conflict|too_large|throttled|unauthorised|failed)$/) } })
    expect(answer.status === 500).toBe((value as { error: { code: string } }).error.code === 'failed')
  }), runs(300, 20_000))
  await checkAlive(live)
}, patience)

const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'CONNECT', 'TRACE', 'PRI', 'get', '', 'POST\0')
const path = fc.oneof(
  fc.constantFrom('/', '*', '/mcp', '/hook', '/health', '/api/v1/ps', '/api/v1/events', '/api/v1/whoami', '/model/v1/messages', '//', '/..', '/%', '/%ff', '/\0', '/api/v1/ps?token=', 'http://evil.example/mcp', '/mcp#x'),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => `/${text.replaceAll(/[\s]/g, '')}`),
)
const header = fc.oneof(
  fc.constantFrom(
    'Host: evil.example', 'Host: 127.0.0.1', 'Host:', 'Host: localhost:1', 'Origin: null', 'Origin: http://evil.example', 'Transfer-Encoding: chunked', 'Transfer-Encoding: gzip, chunked',
    'Content-Length: 5', 'Content-Length: -1', 'Content-Length: 99999999999', 'Content-Length: 5, 5', 'Expect: 100-continue', 'Connection: close', 'Connection: upgrade', 'Upgrade: websocket', 'Upgrade: h2c',
    'Authorization: Bearer', 'Authorization: Bearer  ', 'Authorization: Basic YTpi', 'Authorization: Bearer \u00ff', 'X-Forwarded-Host: localhost', 'X-Forwarded-For: 127.0.0.1',
    'Mcp-Protocol-Version: 2026-07-28', 'Mcp-Protocol-Version: x', 'Mcp-Session-Id: 1', 'Last-Event-ID: {"a":-1}', 'Content-Type: text/plain', 'Content-Encoding: gzip', 'Accept: x', ' folded: 1', 'no colon', ': empty', 'X: \0',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
)
const body = fc.oneof(
  fc.constantFrom('', '{}', '5\r\nhello\r\n0\r\n\r\n', 'ffffffffff\r\n', '-1\r\n', '0\r\n\r\nGET /api/v1/ps HTTP/1.1\r\n\r\n', '\0', '{"a":'),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
)

test('whatever bytes come as HTTP, the answer is HTTP or none, and nobody else notices', async () => {
  const named = fc.option(fc.constantFrom('ours', 'twice', 'agent'), { nil: 'none' })
  await fc.assert(fc.asyncProperty(method, path, fc.array(header, { maxLength: 6 }), body, named, async (verb, target, headers, content, names) => {
    const { port } = new URL(live.url)
    const host = `Host: 127.0.0.1:${port}`
    const own = { none: [], ours: [host], twice: [host, host], agent: [host, `Authorization: Bearer ${token}`] }[names] ?? []
    // A stream of events does not end by itself, nor does a subscription.
    const lines = [`${verb} ${target} HTTP/1.1`, ...own, ...headers, 'Connection: close'].join('\r\n')
    const heard = await say(live.url, [Buffer.from(`${lines}\r\n\r\n${content}`, 'latin1')])
    if (heard !== '') expect(heard).toMatch(/^HTTP\/1\.1 \d{3} /)
    expect(heard).not.toMatch(/^HTTP\/1\.1 5\d\d/)
    checkAnswer(live, heard)
  }), runs(400, 30_000))
  await checkAlive(live)
}, patience)

const member = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom<unknown>('initialize', 'ping', 'tools/list', 'tools/call', 'server/discover', 'notifications/cancelled', '2.0', '2025-11-25', '2026-07-28', null, {}, [], 1))
const called = fc.record({ name: fc.oneof(fc.constantFrom(...quiet), fc.string()), arguments: json, _meta: fc.jsonValue({ maxDepth: 2 }) }, { requiredKeys: ['name'], noNullPrototype: true })
const message = fc.record({
  jsonrpc: fc.oneof({ weight: 5, arbitrary: fc.constant<unknown>('2.0') }, member),
  id: fc.oneof({ weight: 3, arbitrary: fc.nat(3) as fc.Arbitrary<unknown> }, member),
  method: fc.oneof({ weight: 5, arbitrary: fc.constantFrom<unknown>('tools/call', 'tools/list', 'ping', 'initialize', 'notifications/initialized', 'notifications/cancelled', 'resources/list', 'server/discover') }, member),
  params: fc.oneof({ weight: 5, arbitrary: called as fc.Arbitrary<unknown> }, fc.record({ requestId: member, protocolVersion: member, capabilities: member, clientInfo: member }, { requiredKeys: [] }), member),
  result: member,
  error: member,
}, { requiredKeys: ['jsonrpc', 'method'], noNullPrototype: true })

test('whatever an agent says as JSON-RPC, with ids used again and again, it gets JSON-RPC or a refusal', async () => {
  const said = fc.oneof({ weight: 6, arbitrary: message as fc.Arbitrary<unknown> }, fc.array(message, { maxLength: 4 }), fc.jsonValue())
  const version = fc.constantFrom<Record<string, string>>({}, { 'mcp-protocol-version': '2026-07-28' }, { 'mcp-protocol-version': '2025-06-18' }, { 'mcp-protocol-version': 'x' }, { accept: 'application/json' }, { 'content-type': 'text/plain' })
  await fc.assert(fc.asyncProperty(said, version, async (content, headers) => {
    const answer = await ask(live.url, '/mcp', { token, body: JSON.stringify(content), headers, signal: AbortSignal.timeout(60_000) })
    expect(answer.status).toBeLessThan(500)
    checkAnswer(live, answer.text)
    const texts = answer.headers['content-type']?.startsWith('text/event-stream') === true ? [...answer.text.matchAll(/^data: (.+)$/gm)].map(([, data = '']) => data) : [answer.text]
    for (const text of texts.filter((each) => each !== '')) expect(JSON.parse(text)).toEqual(expect.anything())
  }), runs(300, 30_000))
  await checkAlive(live)
}, patience)

test('memory settles: many rounds of the same leave no more than a few', async () => {
  const round = async (): Promise<void> => {
    for (let n = 0; n < 15; n += 1) {
      await ask(live.url, '/mcp', { token, body: toolCall('inbox_ack', { ids: [n] }, n) })
      await ask(live.url, '/api/v1/dm', { token, body: { to: 'nobody', text: 'x'.repeat(200_000) } })
      await say(live.url, [`POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(1000)}`])
    }
  }
  await round()
  const before = memoryInUse()
  for (let n = 0; n < 4; n += 1) await round()
  expect(memoryInUse() - before).toBeLessThan(20 * 1024 * 1024)
}, patience)

const deep = `${'['.repeat(400_000)}${']'.repeat(400_000)}`
const strings = Array.from({ length: 200_000 }, () => 'x')
const corpus: [string, string, unknown, number][] = [
  ['nested very deep', '/api/v1/whoami', deep, 400],
  ['nested very deep, inside a hook', '/hook', `{"a":${deep}}`, 400],
  ['nested very deep, inside a tool call', '/mcp', `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{"a":${deep}}}}`, 400],
  ['many wrong values', '/api/v1/inbox_read', { ids: strings }, 400],
  ['too many right values', '/api/v1/inbox_ack', { ids: strings.slice(0, 100_000).map((_, n) => n) }, 400],
  ['a name without end', '/api/v1/dm', { to: 'x'.repeat(1_000_000), text: 'x' }, 400],
  ['a tool without end', '/mcp', toolCall('x'.repeat(1_000_000), {}), 200],
  ['a batch without end', '/mcp', Array.from({ length: 5000 }, (_, id) => toolCall('whoami', {}, id)), 400],
  ['invalid UTF-8', '/api/v1/dm', Buffer.from('{"to":"nobody","text":"\xff\xfe\xed\xa0\x80"}', 'latin1'), 404],
  ['NUL', '/api/v1/dm', '{"to":"bob\\u0000","text":"\\u0000"}', 404],
  ['a plain NUL', '/mcp', '\0', 400],
  ['a body over the limit', '/mcp', 'x'.repeat(10 * 1024 * 1024), 413],
  ['__proto__', '/api/v1/dm', '{"__proto__":{"to":"bob"},"text":"x"}', 400],
]

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'GET', 'HEAD', 'TRACE', 'CONNECT'])('%s without a body, or in chunks: an answer', async (verb) => {
  const start = `${verb} /api/v1/whoami HTTP/1.1\r\nHost: ${new URL(live.url).host}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n`
  for (const rest of ['\r\n', 'Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\nffffff\r\nx']) {
    const heard = await say(live.url, [start + rest])
    expect(heard).toMatch(verb === 'CONNECT' ? /^$/ : /^(HTTP\/1\.1 [24]\d\d |$)/)
  }
  if (verb === 'POST') expect(await say(live.url, [`${start}Transfer-Encoding: chunked\r\n\r\n`, ...Array.from({ length: 20 }, () => `10000\r\n${'x'.repeat(65536)}\r\n`), '0\r\n\r\n'])).toContain('too_large')
  await checkAlive(live)
})

test.each(['/mcp', '/hook', '/model/v1/messages', '/api/v1/events', '/'])('TRACE of %s is refused, with a body too', async (where) => {
  const start = `TRACE ${where} HTTP/1.1\r\nHost: ${new URL(live.url).host}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n`
  for (const rest of ['\r\n', 'Content-Length: 2\r\n\r\n{}']) expect(await say(live.url, [start + rest])).toMatch(/^HTTP\/1\.1 4\d\d /)
  await checkAlive(live)
})

test.each(corpus)('%s: a short answer', async (_what, where, content, status) => {
  const answer = await ask(live.url, where, { token, body: content, headers: { connection: 'close' } }).catch((error: NodeJS.ErrnoException) => {
    // The refusal of a long body may overtake it: the sender sees its pipe break.
    expect(['EPIPE', 'ECONNRESET']).toContain(error.code)
    return { status, text: '' }
  })
  expect(answer.status).toBe(status)
  expect(answer.text.length).toBeLessThan(10_000)
  await checkAlive(live)
})
