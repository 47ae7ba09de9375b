import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operations } from '../../src/api/index.ts'
import { connect } from '../../src/client/connect.ts'
import { longestLine } from '../../src/api/wire.ts'
import { ask } from '../fixtures/ask.ts'
import { liveDaemon, type LiveDaemon } from '../fixtures/live-daemon.ts'
import { patience, runs } from './runs.ts'
import { checkAlive, checkAnswer, say } from './wire.ts'

let live: LiveDaemon

beforeAll(async () => {
  live = await liveDaemon({ limits: { requests_per_second: 1_000_000 } })
})
afterAll(async () => await live.close())

const hello = '{"hello":{"protocol":1,"version":"0.1.0","pid":1}}'
const quiet = Object.keys(operations).filter((name) => !/^(up|down|start|stop|kill|restart|interrupt|daemon\..*|doctor.*)$/.test(name))

const line = fc.oneof(
  { weight: 4, arbitrary: fc.record({ id: fc.oneof(fc.nat(3) as fc.Arbitrary<unknown>, fc.jsonValue()), call: fc.oneof(fc.constantFrom<unknown>(...quiet), fc.jsonValue()), input: fc.jsonValue({ maxDepth: 3 }), cancel: fc.jsonValue(), events: fc.jsonValue() }, { requiredKeys: ['id'], noNullPrototype: true }).map((value) => JSON.stringify(value)) },
  fc.record({ keeper: fc.jsonValue() }).map((value) => JSON.stringify(value)),
  fc.record({ hello: fc.jsonValue() }).map((value) => JSON.stringify(value)),
  fc.constantFrom('', '{', '[]', 'null', '\0', '{"id":1,"events":"{}"}', '{"id":1,"events":null}', '{"id":1,"cancel":true}', '{"id":9007199254740993,"call":"ps"}', '{"id":-1,"call":"ps"}', '{"id":1e0,"call":"__proto__"}', '\ufeff{}'),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
)

test('whatever lines an operator’s program sends, it gets lines or is cut off, and others go on', async () => {
  await fc.assert(fc.asyncProperty(fc.boolean(), fc.array(line, { maxLength: 6 }), fc.boolean(), async (polite, lines, ended) => {
    const text = [...(polite ? [hello] : []), ...lines].join('\n')
    const heard = await say(live.operatorSocket, [Buffer.from(ended ? `${text}\n` : text, 'latin1')])
    checkAnswer(live, heard)
    const answers = heard.split('\n').filter((each) => each !== '').map((each) => JSON.parse(Buffer.from(each, 'latin1').toString()) as Record<string, unknown>)
    for (const answer of answers) {
      if ('error' in answer) expect(answer['error']).toMatchObject({ code: expect.not.stringMatching('internal'), message: expect.stringMatching(/./) })
    }
  }), runs(300, 30_000))
  await checkAlive(live)
}, patience)

test('a line of 10 MB is not collected', async () => {
  const heard = await say(live.operatorSocket, [`${hello}\n`, ...Array.from({ length: 10 }, () => 'x'.repeat(1024 * 1024))])
  expect(heard === '' || heard.includes('"too_large"') || heard.includes('"hello"')).toBe(true)
  expect(longestLine).toBe(1024 * 1024)
  await checkAlive(live)
})

test('more mail than one answer holds is a refusal that says so, on socket and HTTP, not the end of the daemon', async () => {
  const text = '\u0001'.repeat(150_000)
  const client = await connect({ socket: live.operatorSocket })
  try {
    for (let n = 0; n < 240; n += 1) await client.call('send', { to: 'ada', text })
    await expect(client.call('mail', { limit: 1000 })).rejects.toMatchObject({ code: 'too_large', hint: expect.stringContaining('fewer') })
    expect(await client.call('mail', { limit: 2 })).toHaveLength(2)
  } finally {
    client.close()
  }
  expect((await ask(live.url, '/api/v1/mail', { token: live.operatorToken, body: { limit: 1000 } })).status).toBe(413)
  const { token = '' } = live.agents['ada'] ?? {}
  const peeked = JSON.parse((await ask(live.url, '/api/v1/inbox_peek', { token, body: { limit: 100 } })).text) as { messages: { id: number }[] }
  expect(peeked.messages).toHaveLength(6)
  const ids = Array.from({ length: 240 }, (_, n) => n + 1)
  const read = JSON.parse((await ask(live.url, '/api/v1/inbox_read', { token, body: { ids } })).text) as { messages: { id: number }[] }
  expect(read.messages.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6])
  const next = JSON.parse((await ask(live.url, '/api/v1/inbox_read', { token, body: { ids } })).text) as { messages: { id: number }[] }
  expect(next.messages.map(({ id }) => id)).toEqual([7, 8, 9, 10, 11, 12])
  await checkAlive(live)
}, patience)
