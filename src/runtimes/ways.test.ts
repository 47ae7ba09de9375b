import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { noHitl } from '../core/limits.ts'
import type { LaunchContext } from '../core/runtime.ts'
import type { Agent, Team } from '../core/team.ts'
import { loadRuntime, modelWay, runtimeNames, runtimeVariables } from './index.ts'

const key = 'the-key-of-the-person'
const door = 'http://127.0.0.1:4000/model'
const asks = ['claude-code', 'codex', 'gemini', 'opencode']

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'ways-')))
  for (const name of ['work', 'home', 'agents/p-a']) mkdirSync(join(folder, name), { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true }))

function context(runtime: string, model: string | null, more: Partial<LaunchContext> = {}): LaunchContext {
  const agent = { address: 'p:a', project: 'p', id: 'a', runtime, model, mode: 'terminal', cwd: join(folder, 'work'), permissionMode: 'auto', effort: null, args: [], env: [], mcps: {}, hooks: [], skills: [], subagents: [] } as unknown as Agent
  const keys = runtimeVariables(runtime).filter((name) => /_(API_KEY|AUTH_TOKEN|OAUTH_TOKEN)$/.test(name))
  const env = { PATH: '/bin', HTTPS_PROXY: 'x', GITHUB_TOKEN: 'for-its-tools', TROUPE_AGENT_TOKEN: 'own-token' }
  return {
    team: { root: join(folder, '.team'), hitl: noHitl } as Team,
    agent,
    incarnation: 'i',
    host: { env: {}, home: join(folder, 'home'), isRoot: false, clock: systemClock },
    health: { installed: true, program: '/bin/cli', version: '1', features: {}, problem: null },
    folder: join(folder, 'agents/p-a'),
    laneSocket: join(folder, 'lane.sock'),
    url: 'http://127.0.0.1:4000',
    programs: { node: '/node', hook: '/hook', gate: '/gate', pair: '/pair', shim: '/shim', scripted: '/scripted', lane: '/lane' },
    env: { ...env, ...Object.fromEntries(keys.map((name) => [name, `${key} ${name}`])) },
    briefing: 'be careful',
    session: null,
    rehearsal: false,
    proxied: true,
    ...more,
  }
}

function filesBelow(place: string): string[] {
  return readdirSync(place, { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).map((each) => readFileSync(join(each.parentPath, each.name), 'utf8'))
}

it('knows a way for each runtime that config lets go through troupe', () => {
  expect(runtimeNames.proxied.toSorted()).toEqual(asks)
  expect(() => modelWay({ runtime: 'generic', model: null })).toThrow('cannot go through troupe')
})

it.each([
  ['claude-code', null, door],
  ['codex', null, `${door}/v1`],
  ['gemini', null, door],
  ['opencode', 'openai/gpt-5', `${door}/v1`],
  ['opencode', 'openrouter/openai/gpt-5', `${door}/v1`],
  ['opencode', 'google/gemini-2.5-pro', `${door}/v1beta`],
])('leads %s with %s to troupe’s door with its own bearer, and no key comes along', async (runtime, model, address) => {
  const own = context(runtime, model)
  const { spec } = await (await loadRuntime(runtime, null, 'terminal')).launch(own)
  const files = filesBelow(folder).join('\n')
  expect([...spec.argv, ...Object.values(spec.env), files].filter((text) => text.includes(key))).toEqual([])
  const told = `${files}\n${Object.entries(spec.env).map(([name, value]) => `${name} ${value}`).join('\n')}\n`
  expect(told).toMatch(new RegExp(`["\\s]${address}["\\s]`))
  expect(`${spec.argv.join(' ')} ${files}`).not.toContain('own-token')
  expect([spec.env['HTTPS_PROXY'], spec.env['GITHUB_TOKEN']]).toEqual(['x', 'for-its-tools'])
})

it('leaves the logins of a person behind', async () => {
  for (const file of ['.codex/auth.json', '.local/share/opencode/auth.json']) {
    mkdirSync(dirname(join(folder, 'home', file)), { recursive: true })
    writeFileSync(join(folder, 'home', file), '{"openai":{"type":"oauth"}}')
  }
  const codex = await loadRuntime('codex', null, 'terminal')
  const links = (): string[] => readdirSync(join(folder, 'home/.troupe'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('auth.json'))
  await codex.launch(context('codex', null, { proxied: false, env: { PATH: '/bin' } }))
  expect(links()).toHaveLength(1)
  await codex.launch(context('codex', null))
  expect(links()).toEqual([])
  const { spec } = await (await loadRuntime('opencode', null, 'terminal')).launch(context('opencode', 'openai/gpt-5'))
  expect(spec.env['OPENCODE_AUTH_CONTENT']).toBe('{}')
  expect(JSON.parse(spec.env['OPENCODE_CONFIG_CONTENT'] ?? '')).toMatchObject({ enabled_providers: ['openai'] })
})
