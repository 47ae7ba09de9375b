import { expect, it, vi } from 'vitest'
import { run } from '../../src/util/spawn.ts'
import { environmentOf } from './teams.ts'
import { kill, patiently, team, Troupe, type JournalLine } from './troupe.ts'

/** Who answers whatever it is told by writing to the next one. */
const echo = (to: string, ...before: object[]) => [{ when: '/^(.+)$/s', do: [...before, { tool: 'dm', args: { to, text: '{1}' } }, { text: 'passed on' }] }]

const throttledOf = (events: JournalLine[]) => events.filter(({ type }) => type === 'message.throttled')

/** Waits until the team was refused something and nothing is under way any more. */
async function stopped(troupe: Troupe): Promise<JournalLine[]> {
  return await vi.waitFor(async () => {
    const refusals = throttledOf(await troupe.events())
    expect(refusals).not.toEqual([])
    expect((await troupe.mail()).filter(({ state }) => !state.startsWith('acked'))).toEqual([])
    return refusals
  }, patiently)
}

it('stops an echo ring of three agents after eight hops, and says so everywhere (T24)', async () => {
  const troupe = new Troupe(team({ a: {}, b: {}, c: {} }, { scenario: { a: echo('b'), b: echo('c'), c: echo('a') } }))
  await troupe.ok('up')
  await troupe.ok('send', 'a', 'hello')
  const refusals = await stopped(troupe)
  const mail = (await troupe.mail()).toReversed()
  expect(mail.map(({ from, to }) => `${from} > ${to}`)).toEqual([
    'user > p:a', ...['p:a > p:b', 'p:b > p:c', 'p:c > p:a', 'p:a > p:b', 'p:b > p:c', 'p:c > p:a', 'p:a > p:b', 'p:b > p:c'],
  ])
  const facts = { limit: 'loop_guard.hops', hop: 9, allowed: 8, chain: mail[0]?.id, to: 'p:a' }
  expect(refusals).toMatchObject([{ agent: 'p:c', data: facts }])
  const inspected = await troupe.json<{ limits: { refused: unknown } }>('inspect', 'c')
  expect(inspected.limits).toMatchObject({ hops: 8, refused: { 'loop_guard.hops': { times: 1 } } })
  expect((await troupe.ok('logs', 'c')).replace(/\s/g, '')).toContain('(loop_guard.hops)')
  const attach = (await troupe.agent('c')).attach ?? []
  const terminal = ['tmux', '-S', attach[attach.indexOf('-S') + 1] ?? '', 'display-message', '-p', '-t', `${attach.at(-1)}:`, '#{T:status-right}']
  expect((await run(terminal)).stdout).toContain('(loop_guard.hops)')

  // The chain of an operator's next message is a new one, also for agents whose last ended.
  await troupe.ok('send', 'c', 'again')
  await vi.waitFor(async () => expect(await troupe.mail()).toHaveLength(9 + 9), patiently)
}, 300_000)

it('stops two agents that thank each other, and goes on counting after kill -9 of the daemon', async () => {
  const troupe = new Troupe(team({ a: {}, b: {} }, { scenario: { a: echo('b'), b: echo('a') } }))
  await troupe.ok('up')
  await troupe.ok('send', 'a', 'thank you')
  await stopped(troupe)
  expect(await troupe.mail()).toHaveLength(9)
  const { TROUPE_MCP_URL: url = '', TROUPE_AGENT_TOKEN: token = '' } = environmentOf(await troupe.pid('a'))
  const { pid } = await troupe.daemon()
  kill(pid)
  await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'dm', arguments: { to: 'b', text: 'no, thank you' } } }
  const answer = await (await fetch(url, { method: 'POST', headers, body: JSON.stringify(call) })).text()
  expect(answer).toContain('loop_guard.hops')
  expect(answer).toContain('isError":true')
  expect(await troupe.mail()).toHaveLength(9)
}, 300_000)

it('stops an agent that writes on and on by itself, and one that writes to itself', async () => {
  const flood = Array.from({ length: 25 }, (_, n) => ({ tool: 'dm', args: { to: 'b', text: `line ${n}` } }))
  const scenario = { a: [{ from: 'user', when: 'flood', do: [...flood, { text: 'said' }] }, { from: 'user', do: [{ tool: 'dm', args: { to: 'a', text: 'me' } }, { text: 'said' }] }] }
  const troupe = new Troupe(team({ a: {}, b: {} }, { scenario, compose: { loop_guard: { sends_per_minute: 12 } } }))
  await troupe.ok('up')
  await troupe.ok('send', 'a', 'flood')
  const [refusal] = await stopped(troupe)
  expect(refusal).toMatchObject({ agent: 'p:a', data: { limit: 'loop_guard.sends_per_minute', allowed: 12, retryAfterMs: expect.any(Number) as number } })
  expect((await troupe.mail()).filter(({ from }) => from === 'p:a')).toHaveLength(12)
  await troupe.ok('send', 'a', 'talk to yourself')
  await troupe.settled(14)
  expect((await troupe.mail()).filter(({ to, from }) => to === 'p:a' && from === 'p:a')).toEqual([])
}, 300_000)

it('lets agents go on that work between their messages', async () => {
  const work = { tool: 'print', args: { text: 'worked' } }
  const troupe = new Troupe(team({ a: {}, b: {} }, { scenario: { a: echo('b', work), b: echo('a', work) }, compose: { loop_guard: { hops: 2, sends_per_chain: 3 } } }))
  await troupe.ok('up')
  await troupe.ok('send', 'a', 'next step')
  await vi.waitFor(async () => expect((await troupe.mail()).length).toBeGreaterThan(8), patiently)
}, 300_000)

it('counts nothing where it is switched off', async () => {
  const troupe = new Troupe(team({ a: {}, b: {} }, { scenario: { a: echo('b'), b: echo('a') }, compose: { loop_guard: { enabled: false } } }))
  await troupe.ok('up')
  await troupe.ok('send', 'a', 'hello')
  await vi.waitFor(async () => expect((await troupe.mail()).length).toBeGreaterThan(30), patiently)
  expect(throttledOf(await troupe.events())).toEqual([])
}, 300_000)
