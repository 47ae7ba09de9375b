import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Limit } from '../core/budget.ts'
import { systemClock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { UsageRecord } from '../core/runtime.ts'
import type { Agent, Team } from '../core/team.ts'
import { modelWay } from '../runtimes/index.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { ModelDoor } from './model-door.ts'
import type { Spend } from './spend.ts'

const patiently = { timeout: 30_000, interval: 10 }
const caller = { address: 'p:a', incarnation: 'i' }
const limit: Limit = { scope: 'team', id: 'team', period: 'day', nano: 100, rule: 'budget.daily_usd_limit (team-compose.yaml:3)' }

let folder: string
let store: Store
let server: Server
let door: ModelDoor
let env: Record<string, string>
let limits: Limit[]
let callsAtOnce: number
let spent: number
let budget: Pick<Team['budget'], 'unknownPrice'>
let priced: boolean
let broken: string | null
let recorded: UsageRecord[]
let open: ServerResponse[]
let seen: IncomingMessage[]
let running: Pick<Agent, 'runtime' | 'model'>
let apiRoot: string | null
/** So often the store takes nothing. */
let failing: number
let reports: string[]

/** A message that costs ten. */
const answer = (id: string): string => JSON.stringify({ type: 'message', id, model: 'm', usage: { input_tokens: 4, output_tokens: 6 } })

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'model-door-'))
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock: systemClock })
  ;[open, seen, running, apiRoot, failing, reports] = [[], [], { runtime: 'claude-code', model: null }, null, 0, []]
  server = createServer((request, response) => void request.resume().on('end', () => void (seen.push(request), open.push(response))))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ;[limits, callsAtOnce, spent, recorded, budget, priced, broken, env] = [[], 9, 0, [], { unknownPrice: 'warn' }, true, null, { ANTHROPIC_API_KEY: 'k', ANTHROPIC_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }]
  const agent = { address: 'p:a', id: 'a', project: 'p', runtime: 'claude-code', metering: 'proxy' } as Agent
  const other = { ...agent, address: 'p:b', id: 'b', metering: null }
  const team = () => ({ rehearsal: null, metering: { apiRoot, callsAtOnce }, budget, places: {}, projects: [{ id: 'p', agents: [agent, other], channels: [] }] }) as unknown as Team
  const own = recorded
  const spend = {
    limits: () => limits,
    spentOn: () => ({ nano: spent, unpriced: 0 }),
    verdict: () => (limits.length > 0 && spent >= limit.nano ? { state: 'stop', limit, spent: { nano: spent, unpriced: 0 }, until: 5_000 } : { state: 'ok' }),
    record: async (_agent: string, _run: string, usage: UsageRecord) => {
      await new Promise((resolve) => setTimeout(resolve, 20)) // as a store takes
      if ((failing -= 1) >= 0) throw new TroupeError('unavailable', 'the disk is full')
      own.push(usage)
      spent += usage.tokens.input + usage.tokens.output
    },
  } as unknown as Spend
  door = new ModelDoor({ store, clock: systemClock, team, spend: () => spend, whyBroken: () => broken, wayOf: modelWay, acting: (each) => ({ ...each, ...running }), environmentFor: () => env, most: (_model, bytes) => (priced ? bytes : null), report: (what, error) => reports.push(`${what}: ${String(error)}`) })
})
afterEach(async () => {
  expect(reports).toEqual([])
  server.closeAllConnections()
  await door.close()
  await new Promise((resolve) => server.close(resolve))
  await store.close()
  rmSync(folder, { recursive: true })
})

/** `most`: its length, which is what it may cost here. */
function call(most = 30, { path = '/v1/messages', method = 'POST', signal = new AbortController().signal, as = caller } = {}): Promise<Response> {
  const body = '{"model":"m"}'.padEnd(most)
  const init = { method, signal, headers: { 'content-type': 'application/json', 'content-length': String(most) }, body: method === 'POST' ? body : null }
  return door.handle(as, new Request(`http://door${path}`, init))
}
const asked = (n: number) => vi.waitFor(() => expect(open).toHaveLength(n), patiently)
const reply = (n: number) => open[n]?.writeHead(200, { 'content-type': 'application/json' }).end(answer(`msg_${n}`))

it('counts a call under the provider’s name for it', async () => {
  const calling = call()
  await asked(1)
  reply(0)
  expect(await (await calling).json()).toMatchObject({ id: 'msg_0' })
  await vi.waitFor(() => expect(recorded).toMatchObject([{ key: 'msg_0', model: 'm', tokens: { input: 4, output: 6, cacheRead: 0, cacheWrite: 0 } }]), patiently)
})

it('refuses the next call at the ceiling as the provider would, with the rule, and says so in the journal once', async () => {
  limits = [limit]
  spent = 95
  const first = call(999)
  await asked(1)
  reply(0)
  await (await first).text()
  // Right after the answer, before it can be written down.
  const refused = await call()
  expect([refused.status, refused.headers.get('x-should-retry')]).toEqual([402, 'false'])
  expect(await refused.json()).toMatchObject({ type: 'error', error: { type: 'billing_error', message: expect.stringMatching(/spent of \$0\.0000001, no model call passes until 1970.*\(budget\.daily_usd_limit \(team-compose\.yaml:3\)\)/) as string } })
  expect((await call()).status).toBe(402)
  expect(open).toHaveLength(1)
  expect((await store.read((db) => db.events.recent({ type: 'budget', limit: 9 }))).map(({ type }) => type)).toEqual(['budget.call-refused'])
})

it('lets no call of an agent pass that a breaker stopped, whatever became of the end of its turn', async () => {
  broken = '201 model calls within an hour in which it did nothing but talk'
  const refused = await call()
  expect([refused.status, await refused.text()]).toEqual([402, expect.stringContaining('did nothing but talk, no model call passes until a person lets it go on')])
  expect(open).toEqual([])
})

it('lets calls run side by side while all of them fit below the ceiling, and one after another then', async () => {
  limits = [limit]
  spent = 30
  const calls = [call(30), call(30), call(30)].map(async (each) => [(await each).status, await (await each).text()][0])
  await asked(2)
  reply(0)
  await asked(3)
  reply(1)
  reply(2)
  expect(await Promise.all(calls)).toEqual([200, 200, 200])
})

it('passes a ceiling by one call at the most, however many ask at once', async () => {
  limits = [limit]
  spent = 91
  const calls = Array.from({ length: 8 }, () => call(30).then(async (response) => [response.status, await response.text()] as const))
  await asked(1)
  reply(0)
  const statuses = (await Promise.all(calls)).map(([status]) => status).toSorted()
  expect(statuses).toEqual([200, 402, 402, 402, 402, 402, 402, 402])
  expect(spent).toBe(101)
})

it('gives up a call that waits when its CLI does, and ends one under way', async () => {
  limits = [limit]
  spent = 90
  const [gone, away] = [new AbortController(), new AbortController()]
  const first = call(30, { signal: gone.signal })
  await asked(1)
  const second = call(30, { signal: away.signal })
  away.abort()
  expect((await second).status).toBe(499)
  const closed = new Promise((resolve) => open[0]?.on('close', resolve))
  gone.abort()
  expect((await first).status).toBe(499)
  await closed
  // What was under way stands in nobody’s way any more.
  const third = call()
  await asked(2)
  reply(1)
  expect(await (await third).text()).toContain('msg_1')
})

it('says no in the provider’s words: to too many at once, to other agents, to what it does not pass, without a provider or a key', async () => {
  callsAtOnce = 1
  const first = call()
  await asked(1)
  const busy = await call()
  expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '1'])
  reply(0)
  await (await first).text()
  const status = async (options: Parameters<typeof call>[1]) => (await call(30, options)).status
  expect([await status({ as: { address: 'p:b', incarnation: 'i' } }), await status({ as: { address: 'p:x', incarnation: 'i' } })]).toEqual([404, 404])
  expect([await status({ path: '/v1/messages/batches' }), await status({ path: '/v1/organizations/x/api_keys' }), await status({ path: '/', method: 'HEAD' })]).toEqual([404, 404, 200])
  env = { ...env, ANTHROPIC_BASE_URL: 'http://127.0.0.1:9' }
  const away = await call()
  expect([away.status, await away.text()]).toEqual([502, expect.stringContaining('troupe cannot reach the provider at 127.0.0.1:9')])
  env = { ANTHROPIC_BASE_URL: env['ANTHROPIC_BASE_URL']!, CLAUDE_CODE_OAUTH_TOKEN: 'o' }
  const keyless = await call()
  expect([keyless.status, await keyless.text()]).toEqual([401, expect.stringContaining('has metering: proxy and no API key')])
})

it('lets no call of unknown price pass under a ceiling where the team says so, and says what would let it', async () => {
  ;[limits, budget, priced] = [[limit], { unknownPrice: 'stop' }, false]
  const refused = await call()
  expect(refused.status).toBe(402)
  expect(await refused.text()).toMatch(/price of m is not known.*budget\.prices.*budget\.unknown_price/)
  expect((await store.read((db) => db.events.recent({ type: 'budget.call-refused', limit: 9 }))).map(({ data }) => data['model'])).toEqual(['m'])
  budget = { unknownPrice: 'warn' }
  const warned = call()
  await asked(1)
  reply(0)
  expect([(await warned).status, await (await warned).text()]).toEqual([200, answer('msg_0')])
})

it('T19: forgets a call that could not even begin: no other waits for it', async () => {
  ;[limits, callsAtOnce, env] = [[{ ...limit, nano: 40 }], 1, { ...env, ANTHROPIC_API_KEY: 'k\nl' }]
  expect([(await call(30)).status, (await call(30)).status]).toEqual([502, 502])
  env = { ...env, ANTHROPIC_API_KEY: 'k' }
  const after = call(30)
  await asked(1)
  reply(0)
  expect([(await after).status, await (await after).text()]).toEqual([200, answer('msg_0')])
})

describe('each provider’s format', () => {
  const root = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const openai = { message: expect.stringMatching(words()) as string, type: 'insufficient_quota' }
  const ways = [
    { runtime: 'codex', model: null, key: 'OPENAI_API_KEY', rootOf: 'OPENAI_BASE_URL', base: '/v1', path: '/v1/responses', to: '/v1/responses', header: ['authorization', 'Bearer k'], status: 400, error: { message: expect.stringMatching(words()) as string, type: 'invalid_request_error' }, body: { id: 'r', model: 'm', usage: { input_tokens: 4, output_tokens: 6 } } },
    { runtime: 'codex', model: null, key: 'OPENAI_API_KEY', rootOf: 'OPENAI_BASE_URL', base: '/azure/openai', path: '/v1/responses', to: '/azure/openai/responses', header: ['authorization', 'Bearer k'], status: 400, error: { type: 'invalid_request_error' }, body: { id: 'r', model: 'm', usage: { input_tokens: 4, output_tokens: 6 } } },
    { runtime: 'gemini', model: null, key: 'GEMINI_API_KEY', rootOf: 'GOOGLE_GEMINI_BASE_URL', base: '', path: '/v1beta/models/m:generateContent', to: '/v1beta/models/m:generateContent', header: ['x-goog-api-key', 'k'], status: 402, error: { code: 402, message: expect.stringMatching(words()) as string }, body: { responseId: 'r', modelVersion: 'm', usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 6, totalTokenCount: 10 } } },
    { runtime: 'opencode', model: 'openrouter/x/m', key: 'OPENROUTER_API_KEY', rootOf: null, base: '', path: '/v1/chat/completions', to: '/v1/chat/completions', header: ['authorization', 'Bearer k'], status: 402, error: openai, body: { id: 'r', model: 'm', usage: { prompt_tokens: 4, completion_tokens: 6 } } },
    { runtime: 'opencode', model: 'google/m', key: 'GEMINI_API_KEY', rootOf: null, base: '', path: '/v1beta/models/m:generateContent', to: '/v1beta/models/m:generateContent', header: ['x-goog-api-key', 'k'], status: 402, error: { code: 402 }, body: { responseId: 'r', modelVersion: 'm', usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 6, totalTokenCount: 10 } } },
  ] as const

  function words(): RegExp {
    return /no model call passes until .*budget\.daily_usd_limit/
  }

  it.each(ways)('$runtime $model: goes to its provider with the key, is counted, and is refused at a ceiling as its CLI takes it for an end', async (way) => {
    running = way
    apiRoot = way.rootOf === null ? root() : null
    env = { [way.key]: 'k', ...(way.rootOf === null ? {} : { [way.rootOf]: `${root()}${way.base}` }) }
    limits = [limit]
    spent = 95
    const calling = call(30, { path: way.path })
    await asked(1)
    open[0]?.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(way.body))
    expect(await (await calling).json()).toEqual(way.body)
    expect([seen[0]?.url, seen[0]?.headers[way.header[0]]]).toEqual([way.to, way.header[1]])
    const refused = await call(30, { path: way.path })
    expect([refused.status, await refused.json()]).toEqual([way.status, expect.objectContaining({ error: expect.objectContaining(way.error) as unknown })])
    expect(recorded).toMatchObject([{ key: 'r', model: 'm', tokens: { input: 4, output: 6, cacheRead: 0, cacheWrite: 0 } }])
    // Another format’s calls are none of its provider’s.
    expect((await call(30, { path: '/v1/messages' })).status).toBe(404)
    expect(open).toHaveLength(1)
  })

  it('hands on an answer that is packed against its wish as it is, byte for byte, and counts it', async () => {
    running = { runtime: 'codex', model: null }
    env = { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: `${root()}/v1` }
    const event = { type: 'response.completed', response: { id: 'r', model: 'm', usage: { input_tokens: 4, output_tokens: 6 } } }
    const packed = zstdCompressSync(Buffer.from(`event: response.completed\ndata: ${JSON.stringify(event)}\n\n`))
    const calling = call(30, { path: '/v1/responses' })
    await asked(1)
    expect(seen[0]?.headers['accept-encoding']).toBe('identity')
    open[0]?.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'zstd' }).end(packed)
    const answered = await calling
    expect([answered.headers.get('content-encoding'), Buffer.from(await answered.arrayBuffer()).equals(packed)]).toEqual(['zstd', true])
    await vi.waitFor(() => expect(recorded).toMatchObject([{ key: 'r', tokens: { input: 4, output: 6 } }]), patiently)
  })

  it('says in the journal that an answer did not tell what it cost, once in a while, and nothing of a failure', async () => {
    const answers = async (status: number, body: string, n: number) => {
      const calling = call()
      await asked(n)
      open[n - 1]?.writeHead(status, { 'content-type': 'application/json' }).end(body)
      await (await calling).text()
    }
    await answers(500, '{}', 1)
    for (const n of [2, 3]) await answers(200, '{"type":"message"}', n)
    await vi.waitFor(async () => expect((await store.read((db) => db.events.recent({ type: 'budget', limit: 9 }))).map(({ type }) => type)).toEqual(['budget.uncounted']), patiently)
    expect(recorded).toEqual([])
  })

  it('has no way for a model whose provider is not known, and says what would give it one', async () => {
    for (const model of [null, 'gpt-5', 'nobody/m', 'constructor/m']) {
      running = { runtime: 'opencode', model }
      const refused = await call(30, { path: '/v1/chat/completions' })
      expect([refused.status, await refused.text()]).toEqual([401, expect.stringMatching(/cannot go through troupe.*provider\/model/)])
    }
  })

  it('counts a record’s word on calls that went through it where its names are the provider’s, and once where they are its own', async () => {
    const agent = { address: 'p:a', metering: 'proxy' } as Agent
    const began = async (runtime: string, at: number, key: string) => {
      running = { runtime, model: null }
      env = { [key]: 'k' }
      await store.write(async (tx) => await door.begins(tx, { ...agent, ...running }, at))
    }
    await began('gemini', 1_000, 'GEMINI_API_KEY')
    expect([await door.counted('p:a', 999), await door.counted('p:a', 1_000), await door.counted('p:b', 1_000)]).toEqual([false, true, false])
    await began('codex', 2_000, 'OPENAI_API_KEY')
    expect([await door.counted('p:a', 1_999), await door.counted('p:a', 2_000)]).toEqual([true, false])
    await began('gemini', 3_000, 'OPENAI_API_KEY')
    expect(await door.counted('p:a', 3_000)).toBe(false)
  })

  it('writes down what a call cost once the store can take it, and lets none pass a ceiling before', async () => {
    limits = [limit]
    failing = 1
    const calling = call()
    await asked(1)
    reply(0)
    await (await calling).text()
    const next = call()
    await asked(2)
    expect(recorded).toMatchObject([{ key: 'msg_0' }])
    reply(1)
    await (await next).text()
    expect(reports.splice(0)).toEqual([expect.stringMatching(/counting a model call of p:a.*the disk is full/)])
  })
})
