import { existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { provider } from '../fixtures/provider.ts'
import { environmentOf } from './teams.ts'
import { patiently, team, Troupe } from './troupe.ts'

const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))
const missing = existsSync(join(clis, 'claude')) ? null : 'Claude Code is not installed in .clis (npm test puts it there)'
if (missing !== null && process.env['CI'] !== undefined) throw new Error(missing)
if (missing !== null) console.log(`skipped: ${missing}`)

const work = [{ tool: 'dm', args: { to: 'user', text: 'x' } }, { tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'worked' }]
const scenario = { about: 'works', agents: { '*': [{ when: 'Work', do: work }] } }
const key = 'sk-ant-api03-the-key-of-the-person'

interface Usage { agent: string; tokens: { input: number; output: number; cacheRead: number; cacheWrite: number }; usd: string | null }

/** One real Claude Code whose provider is on loopback; the team's calls go through troupe. */
async function setUp(more: { budget?: object; env?: Record<string, string> } = {}) {
  const { budget = {}, env = { ANTHROPIC_API_KEY: key } } = more
  const troupe = new Troupe({})
  const file = join(troupe.folder, 'works.yaml')
  writeFileSync(file, JSON.stringify(scenario))
  const upstream = await provider(file, 'p:a')
  const prices = { claude: { input: 1, output: 1 } }
  troupe.write(team({ a: { runtime: 'claude-code' } }, { compose: { metering: { via: 'proxy', api_root: `${upstream.url}/api` }, budget: { prices, ...budget } } }))
  writeFileSync(join(troupe.folder, 'home/.claude.json'), JSON.stringify({ hasCompletedOnboarding: true, theme: 'dark' }))
  Object.assign(troupe.env, { PATH: [clis, process.env['PATH'] ?? ''].join(delimiter), ...env })
  return { troupe, ...upstream }
}

describe.skipIf(missing !== null)('the model calls of a real Claude Code through troupe', () => {
  it('T25: reach its provider with the key that only troupe has, and are counted once', async () => {
    const { troupe, asked, model } = await setUp()
    await troupe.ok('up')
    expect(Object.values(environmentOf(await troupe.pid('a'))).join('\n')).not.toContain(key)
    await troupe.ok('send', 'a', 'Work')
    await vi.waitFor(async () => expect((await troupe.mail()).map(({ state }) => state.split(' ')[0])).toEqual(['acked']), patiently)
    await vi.waitFor(async () => expect((await troupe.agent('a')).phase).toBe('idle'), patiently)
    const calls = asked.filter(({ path }) => path.startsWith('/api/v1/messages'))
    expect(calls.length).toBeGreaterThanOrEqual(3)
    expect(calls.map(({ headers }) => [headers['x-api-key'], headers['authorization']])).toEqual(calls.map(() => [key, undefined]))
    expect(calls[0]?.headers['anthropic-beta']).toContain('claude-code')
    // Its record tells of the same calls a little later: the sums stay.
    const sum = (name: keyof Usage['tokens']) => model.requests().reduce((all, { usage }) => all + usage[name], 0)
    const counted = { input: sum('input'), output: sum('output'), cacheRead: sum('cacheRead'), cacheWrite: sum('cacheWrite') }
    await troupe.ok('stop', 'a')
    await vi.waitFor(async () => expect((await troupe.json<Usage[]>('usage')).map(({ tokens }) => tokens)).toEqual([expect.objectContaining(counted) as unknown]), patiently)
    expect(JSON.stringify(await troupe.events())).not.toContain(key)
  }, 300_000)

  it('stop at a ceiling: one call passes it, the next is refused, and Claude does not go on asking', async () => {
    const { troupe, asked } = await setUp({ budget: { daily_usd_limit: 0.000001 } })
    await troupe.ok('up')
    await troupe.ok('send', 'a', 'Work')
    await vi.waitFor(async () => expect(await troupe.agent('a')).toMatchObject({ phase: 'parked', detail: expect.stringContaining('budget.daily_usd_limit') as string }), patiently)
    await vi.waitFor(async () => expect((await troupe.events()).filter(({ type }) => type === 'budget.stopped')).toHaveLength(1), patiently)
    await troupe.ok('stop', 'a')
    expect(asked.filter(({ path, method }) => method === 'POST' && path.startsWith('/api/v1/messages?'))).toHaveLength(1)
  }, 300_000)

  it('are not those of a login, and it says so', async () => {
    const { troupe, asked } = await setUp({ env: { CLAUDE_CODE_OAUTH_TOKEN: `sk-ant-oat01-${'x'.repeat(80)}` } })
    expect(await troupe.ok('validate', '--json')).toContain('the model calls of p:a are to go through troupe, and there is no key here')
    const up = await troupe.run('up')
    expect([up.code, up.stderr]).toEqual([1, expect.stringMatching(/has metering: proxy and no API key: a login[^]*set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN/)])
    expect((await troupe.agent('a')).phase).toBe('blocked')
    expect(asked).toEqual([])
  }, 300_000)
})
