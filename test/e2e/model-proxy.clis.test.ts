import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { provider } from '../fixtures/provider.ts'
import { commandOf, environmentOf } from './teams.ts'
import { patiently, team, Troupe } from './troupe.ts'

const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))
const key = 'sk-the-key-of-the-person'
const folder = '/api'

const acked = [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'done' }]
const scenario = {
  about: 'works, and then spends two dollars with one call',
  agents: {
    '*': [
      { when: 'Work', do: [{ tool: 'dm', args: { to: 'user', text: 'x' } }, ...acked] },
      { when: 'Spend', do: [{ tool: 'dm', args: { to: 'user', text: 'y' }, output_tokens: 2_000_000 }, ...acked] },
    ],
  },
}

interface Usage { agent: string; calls: number; tokens: { input: number; output: number; cacheRead: number; cacheWrite: number } }

interface Subject {
  cli: string
  runtime: string
  model: string
  env: Record<string, string>
  /** Of the calls that reach its provider. */
  path: RegExp
  header: [name: string, value: string]
}

const subjects: Subject[] = [
  { cli: 'codex', runtime: 'codex', model: 'gpt-5', env: { OPENAI_API_KEY: key }, path: /^\/api\/v1\/responses$/, header: ['authorization', `Bearer ${key}`] },
  { cli: 'gemini', runtime: 'gemini', model: 'gemini-2.5-flash', env: { GEMINI_API_KEY: key }, path: /^\/api\/v1beta\/models\/[\w.-]+:(streamG|g)enerateContent/, header: ['x-goog-api-key', key] },
  { cli: 'opencode', runtime: 'opencode', model: 'openrouter/openai/gpt-5', env: { OPENROUTER_API_KEY: key }, path: /^\/api\/v1\/chat\/completions$/, header: ['authorization', `Bearer ${key}`] },
]

/** Those that start soon enough for a test of this alone; of the others their words are in their own tests. */
const refusesAlone = new Set(['codex'])

/** OpenCode would load packages and a list of models over the network. */
const quiet = { OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1', OPENCODE_DISABLE_DEFAULT_PLUGINS: '1' }

/** One real CLI whose provider is on loopback; the team's calls go through troupe. */
async function setUp({ runtime, model, env }: Pick<Subject, 'runtime' | 'model' | 'env'>, budget: object) {
  const troupe = new Troupe({})
  const file = join(troupe.folder, 'works.yaml')
  writeFileSync(file, JSON.stringify(scenario))
  const upstream = await provider(file, 'p:a')
  troupe.write(team({ a: { runtime, model, env: Object.keys(quiet) } }, { compose: { metering: { via: 'proxy', api_root: `${upstream.url}${folder}` }, budget } }))
  const settings = join(troupe.folder, 'home/.config/opencode')
  mkdirSync(join(settings, 'node_modules'), { recursive: true })
  writeFileSync(join(settings, 'package-lock.json'), JSON.stringify({ packages: { '': { dependencies: { '@opencode-ai/plugin': '*' } } } }))
  Object.assign(troupe.env, { PATH: [clis, process.env['PATH'] ?? ''].join(delimiter), ...quiet, ...env })
  return { troupe, ...upstream }
}

describe.each(subjects)('the model calls of a real $cli with $model through troupe', ({ cli, runtime, model, env, path, header }) => {
  const missing = existsSync(join(clis, cli)) ? null : `${cli} is not installed in .clis (npm test puts it there)`
  if (missing !== null && process.env['CI'] !== undefined) throw new Error(missing)

  it.skipIf(missing !== null)('are counted right to the token under a key that only troupe has, and stop at a ceiling', async () => {
    const { troupe, ...upstream } = await setUp({ runtime, model, env }, { daily_usd_limit: 1, prices: Object.fromEntries(['gpt', 'gemini', 'openai'].map((name) => [name, { input: 1, output: 1 }])) })
    const calls = () => upstream.asked.filter((asked) => asked.method === 'POST' && path.test(asked.path))
    const sum = (name: keyof Usage['tokens']) => upstream.model.requests().reduce((all, { usage }) => all + usage[name], 0)
    const counted = async () => await vi.waitFor(async () => {
      const tokens = { input: sum('input'), output: sum('output'), cacheRead: sum('cacheRead'), cacheWrite: sum('cacheWrite') }
      const rows = await troupe.json<Usage[]>('usage')
      expect(rows.reduce((all, row) => all + row.calls, 0)).toBe(upstream.model.requests().length)
      expect(rows.map((row) => row.tokens).reduce((all, each) => ({ input: all.input + each.input, output: all.output + each.output, cacheRead: all.cacheRead + each.cacheRead, cacheWrite: all.cacheWrite + each.cacheWrite }))).toEqual(tokens)
    }, patiently)

    await troupe.ok('up')
    await troupe.ok('send', 'a', 'Work')
    await vi.waitFor(async () => expect((await troupe.mail()).filter(({ to }) => to === 'p:a').map(({ state }) => state.split(' ')[0])).toEqual(['acked']), patiently)
    await vi.waitFor(async () => expect((await troupe.agent('a')).phase).toBe('idle'), patiently)
    expect(calls().length).toBeGreaterThanOrEqual(3)
    expect(calls().map(({ headers }) => headers[header[0]])).toEqual(calls().map(() => header[1]))
    const pid = await troupe.pid('a')
    expect(`${commandOf(pid)}\n${Object.values(environmentOf(pid)).join('\n')}`).not.toContain(key)
    await counted()

    await troupe.ok('send', 'a', 'Spend')
    await vi.waitFor(async () => expect(await troupe.agent('a')).toMatchObject({ phase: 'parked', detail: expect.stringContaining('budget.daily_usd_limit') as string }), patiently)
    await vi.waitFor(async () => expect((await troupe.events()).filter(({ type }) => type === 'budget.stopped')).toHaveLength(1), patiently)
    const spent = upstream.model.requests().findIndex(({ outputTokens }) => outputTokens === 2_000_000)
    await troupe.ok('stop', 'a')
    // Nothing passed after it, and the CLI's own record, read to its end, added nothing.
    expect([spent, upstream.model.requests().length]).toEqual([upstream.model.requests().length - 1, spent + 1])
    await counted()
    const journal = JSON.stringify(await troupe.events())
    const written = filesBelow(troupe.root).map((name) => readFileSync(name)).filter((text) => text.includes(key))
    expect([journal.includes(key), (await troupe.ok('inspect', 'a')).includes(key), written.length]).toEqual([false, false, 0])
  }, 300_000)

  if (refusesAlone.has(runtime)) it.skipIf(missing !== null)('are refused before the first where nobody could count them: its turn ends with the words, and it does not ask on', async () => {
    const { troupe, asked } = await setUp({ runtime, model: 'of-unknown-price', env }, { daily_usd_limit: 1, unknown_price: 'stop' })
    await troupe.ok('up')
    await troupe.ok('send', 'a', 'Work')
    await vi.waitFor(async () => expect(await troupe.agent('a')).toMatchObject({ phase: 'parked', detail: expect.stringMatching(/the price of of-unknown-price is not known.*budget\.prices/) as string }), patiently)
    await troupe.ok('stop', 'a')
    expect(asked.filter((each) => path.test(each.path))).toEqual([])
    expect((await troupe.events()).filter(({ type }) => type === 'budget.call-refused')).toHaveLength(1)
  }, 300_000)
})

it('agents without a way or a key are told of before they start, each with what would help', async () => {
  const troupe = new Troupe(team({ a: { runtime: 'codex' }, b: { runtime: 'gemini' }, c: { runtime: 'opencode' }, d: { runtime: 'opencode', model: 'mistral/m' }, e: {} }, { compose: { metering: { via: 'proxy' } } }), { MISTRAL_API_KEY: key })
  const { diagnostics } = await troupe.json<{ diagnostics: { message: string; hint: string }[] }>('validate')
  const told = diagnostics.filter(({ message }) => message.includes('are to go through troupe')).map(({ message, hint }) => `${message} ${hint}`)
  expect(told).toEqual([
    expect.stringMatching(/of p:a are to go.*no key here.*OPENAI_API_KEY/) as string,
    expect.stringMatching(/of p:b are to go.*no key here.*GEMINI_API_KEY/) as string,
    expect.stringMatching(/of p:c are to go.*no model named.*provider\/model/) as string,
  ])
})

function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name))
}
