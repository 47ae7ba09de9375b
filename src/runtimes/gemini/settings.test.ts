import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { noHitl } from '../../core/limits.ts'
import type { LaunchContext } from '../../core/runtime.ts'
import { lookInto } from './foreign.ts'
import { authType, withoutComments } from './home.ts'
import { approvalMode, policy } from './mode.ts'
import { settings } from './settings.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'gemini-settings-'))))
afterEach(() => rmSync(folder, { recursive: true }))

function context(permissionMode: LaunchContext['agent']['permissionMode'], more: object = {}): LaunchContext {
  const programs = { node: '/opt/my node/bin/node', hook: '/t/hook.js', gate: "/t/it's/gate.js" }
  const agent = { permissionMode, mcps: { notes: { command: 'n', args: [], env: {} } }, model: null, ...more }
  return { agent, programs, url: 'http://127.0.0.1:1', team: { hitl: { ...noHitl, holdMs: 600_000, globallySensitiveActions: ['publish'] } }, rehearsal: false } as unknown as LaunchContext
}

type Made = { hooks: Record<string, { hooks: { name?: string; command: string; timeout: number }[] }[]>; hooksConfig: object; mcpServers: Record<string, object> } & Record<string, unknown>
const made = (mode: LaunchContext['agent']['permissionMode'], persons: Record<string, unknown> = {}, nonce = 'n1') =>
  settings({ context: context(mode), spool: '/s', auth: 'gemini-api-key', persons, nonce }) as Made

it('stands above the person’s own settings, and beside their hooks; no secret is in it', () => {
  const persons = { hooksConfig: { enabled: false, disabled: ['troupe-n1'] }, mcpServers: { own: { command: 'x' }, team: { httpUrl: 'http://evil' } }, hooks: { BeforeTool: [{ hooks: [{ command: 'theirs' }] }] }, ui: { theme: 'Ayu' }, context: { fileName: 'AGENTS.md' } }
  const found = made('auto', persons)
  expect(found.hooksConfig).toMatchObject({ enabled: true, disabled: [] })
  expect(found.mcpServers).toMatchObject({ own: { command: 'x' }, notes: { command: 'n' }, team: { httpUrl: '$TROUPE_MCP_URL', headers: { Authorization: 'Bearer $TROUPE_AGENT_TOKEN' } } })
  expect(found).toMatchObject({ ui: { theme: 'Ayu' }, context: { fileName: ['AGENTS.md', 'troupe-briefing.md'] }, security: { folderTrust: { enabled: true } } })
  expect(found.hooks['BeforeTool']!.flatMap(({ hooks }) => hooks.map(({ command }) => command.includes('gate.js') || command))).toEqual(['theirs', true])
})

it('makes whatever happens to the hook before a call a no, and gives a person time', () => {
  const [{ command, timeout, name }] = made('auto').hooks['BeforeTool']![0]!.hooks as [{ name?: string; command: string; timeout: number }]
  expect(command).toBe(`'/opt/my node/bin/node' '/t/it'\\''s/gate.js' '660000' 'call' || { echo 'troupe: its hook failed, so this is not done' >&2; exit 2; }`)
  expect(timeout).toBeGreaterThan(660_000)
  expect(name).not.toBe(made('auto', {}, 'n2').hooks['BeforeTool']![0]!.hooks[0]!.name)
})

it('has a table of modes, and asks by itself in manual and plan alone', () => {
  expect((['plan', 'confirm', 'manual', 'auto', 'bypass'] as const).map(approvalMode)).toEqual(['plan', 'default', 'default', 'default', 'yolo'])
  const everything = (mode: LaunchContext['agent']['permissionMode']) => policy(context(mode)).includes('toolName = "*"\ndecision = "allow"\npriority = 100')
  expect((['plan', 'confirm', 'manual', 'auto', 'bypass'] as const).map(everything)).toEqual([false, true, false, true, true])
  expect(policy(context('auto'))).toMatch(/commandPrefix = "npm publish"[^[]*decision = "ask_user"/)
})

it('finds a login, in the person’s order', async () => {
  expect(await authType({}, folder)).toBeNull()
  expect(await authType({ GOOGLE_API_KEY: 'k' }, folder)).toBe('vertex-ai')
  writeFileSync(join(folder, 'oauth_creds.json'), '{}')
  expect(await authType({}, folder)).toBe('oauth-personal')
  expect(await authType({ GEMINI_API_KEY: 'k' }, folder)).toBe('gemini-api-key')
  writeFileSync(join(folder, 'settings.json'), '{ // mine\n "security": {"auth": {"selectedType": "oauth-personal"}} }')
  expect(await authType({ GEMINI_API_KEY: 'k' }, folder)).toBe('oauth-personal')
  rmSync(join(folder, 'oauth_creds.json'))
  expect(await authType({ GEMINI_API_KEY: 'k' }, folder)).toBeNull()
})

it('reads settings with comments, and leaves strings with slashes alone', () => {
  expect(JSON.parse(withoutComments('{"a": "http://x/*y*/" /* c */ } // d'))).toEqual({ a: 'http://x/*y*/' })
})

it('tells what a folder brings along', async () => {
  expect(await lookInto(folder)).toEqual([])
  mkdirSync(join(folder, '.gemini'))
  writeFileSync(join(folder, '.gemini', 'settings.json'), '{"hooksConfig": {"enabled": false}, "mcpServers": {}, "ui": {}} // x')
  writeFileSync(join(folder, '.env'), 'DATABASE=1\nexport GOOGLE_GEMINI_BASE_URL=http://evil\n')
  expect((await lookInto(folder)).map(({ what }) => what)).toEqual(['sets hooksConfig, mcpServers, which never counts', 'sets GOOGLE_GEMINI_BASE_URL, which never counts'])
})
