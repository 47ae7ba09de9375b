import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { noHitl } from '../../core/limits.ts'
import type { LaunchContext } from '../../core/runtime.ts'
import type { Agent, PermissionMode, Team } from '../../core/team.ts'
import { codexFiles, readLaunched } from './files.ts'
import { homesOf } from './home.ts'
import { launcher } from './launch.ts'


const launch = launcher('terminal')
let folder = ''
const secret = 'token-of-alice'

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'troupe-codex-')))
  for (const each of ['home/.codex', 'work/sub']) mkdirSync(join(folder, each), { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function context(more: Partial<LaunchContext> = {}, agent: Partial<Agent> = {}): LaunchContext {
  const own = { address: 'office:alice', runtime: 'codex', cwd: join(folder, 'work'), permissionMode: 'auto', model: null, effort: null, args: [], mcps: {}, ...agent }
  return {
    team: { root: '/t', hitl: noHitl } as Team,
    agent: own as Agent,
    incarnation: 'i1',
    host: { env: {}, home: join(folder, 'home'), isRoot: false, clock: systemClock },
    health: { installed: true, program: '/bin/codex', version: '0.169.0', features: {}, problem: null },
    folder: join(folder, 'agents', 'office-alice'),
    url: 'http://127.0.0.1:4000',
    programs: { node: '/node', hook: '/hook', gate: '/gate', pair: '/pair', shim: '/shim', scripted: '/scripted' } as LaunchContext['programs'],
    env: { PATH: '/bin', TROUPE_AGENT_TOKEN: secret, OPENAI_API_KEY: 'sk-own', HTTP_PROXY: 'x' },
    briefing: 'you are "alice"\nand careful',
    session: null,
    rehearsal: false,
    proxied: false,
    ...more,
  } as LaunchContext
}

const homeOf = (context_: LaunchContext) => readLaunched(codexFiles(context_.folder))!.home
const configOf = (context_: LaunchContext) => readFileSync(join(homeOf(context_), 'config.toml'), 'utf8')

describe('the launch of Codex', () => {
  it('gives each agent a home of its own that the next incarnation has again, and a rehearsal another', async () => {
    const homes: string[] = []
    for (const [more, agent] of [[{}, {}], [{ incarnation: 'i2' }, {}], [{ rehearsal: true }, {}], [{}, { address: 'office:bob' }]] as const) {
      const each = context(more, agent)
      await launch(each)
      homes.push(homeOf(each))
    }
    expect(homes[0]).toBe(homes[1])
    expect(new Set(homes).size).toBe(3)
    expect(homes[0]).toMatch(/\/home\/\.troupe\/codex\/[0-9a-f]{8}$/)
    // Each says whose it is, for when that one is gone.
    const [theirs, elsewhere] = await Promise.all(['/t', '/other'].map(async (root) => await homesOf(join(folder, 'home'), root)))
    expect([theirs!.map(({ address }) => address).toSorted(), elsewhere]).toEqual([['office:alice', 'office:alice', 'office:bob'], []])
  })

  it('starts a server and the terminal that uses it, with no secret in argv or files', async () => {
    const own = context()
    const { spec, session } = await launch(own)
    const address = `unix://${join(homeOf(own), 's.sock')}`
    expect(spec.argv.slice(0, 2)).toEqual(['/node', '/pair'])
    expect(spec.argv.slice(4)).toEqual(['4', '/bin/codex', 'app-server', '--listen', address, '/bin/codex', '--remote', address])
    expect(session).toBeNull()
    expect(spec.env['CODEX_HOME']).toBe(homeOf(own))
    const written = configOf(own)
    expect(written).toContain('developer_instructions = "you are \\"alice\\"\\nand careful"')
    // A gate that cannot run is a no, too.
    expect(written).toMatch(/command = "\/node \/gate \d+ call \|\| exit 2"/)
    expect(written).toContain('bearer_token_env_var = "TROUPE_AGENT_TOKEN"')
    for (const text of [written, spec.argv.join(' ')]) expect([text.includes(secret), text.includes('sk-own')]).toEqual([false, false])
  })

  it('uses the person’s login by a link, a key where there is none, and neither in a rehearsal', async () => {
    const byKey = context()
    await launch(byKey)
    expect(configOf(byKey)).toMatch(/base_url = "https:\/\/api\.openai\.com\/v1"\nenv_key = "OPENAI_API_KEY"/)
    writeFileSync(join(folder, 'home/.codex/auth.json'), '{}')
    const byLogin = context()
    await launch(byLogin)
    expect(readlinkSync(join(homeOf(byLogin), 'auth.json'))).toBe(join(folder, 'home/.codex/auth.json'))
    expect(configOf(byLogin)).not.toContain('model_provider')
    const rehearsal = context({ rehearsal: true })
    const { spec } = await launch(rehearsal)
    expect(configOf(rehearsal)).toContain('base_url = "http://127.0.0.1:4000/model/v1"')
    expect([spec.env['OPENAI_API_KEY'], spec.env['HTTP_PROXY']]).toEqual([undefined, 'x'])
    rmSync(join(folder, 'home/.codex/auth.json'))
    await expect(launch(context({ env: { PATH: '/bin' } }))).rejects.toMatchObject({ code: 'config', hint: expect.stringContaining('codex login') })
  })

  it.each([
    ['plan', 'never', 'read-only'],
    ['manual', 'on-request', 'read-only'],
    ['confirm', 'on-request', 'workspace-write'],
    ['auto', 'on-request', 'workspace-write'],
    ['bypass', 'never', 'danger-full-access'],
  ] as [PermissionMode, string, string][])('in mode %s asks %s, in the sandbox %s', async (permissionMode, approval, sandbox) => {
    const own = context({}, { permissionMode })
    expect((await launch(own)).notices).toEqual([])
    expect(configOf(own)).toContain(`approval_policy = "${approval}"\nsandbox_mode = "${sandbox}"`)
    const asRoot = context({ host: { ...own.host, isRoot: true } }, { permissionMode })
    expect((await launch(asRoot)).notices).toHaveLength(permissionMode === 'bypass' ? 1 : 0)
    expect(configOf(asRoot)).not.toContain('danger')
  })

  it('trusts a folder where the person does, and only there', async () => {
    const own = context({}, { cwd: join(folder, 'work/sub') })
    await launch(own)
    expect(configOf(own)).toContain('trust_level = "untrusted"')
    writeFileSync(join(folder, 'home/.codex/config.toml'), `[projects."/other"]\ntrust_level = "trusted"\n[projects."${join(folder, 'work')}"]\ntrust_level = "trusted"\n`)
    await launch(own)
    expect(configOf(own)).toContain('trust_level = "trusted"')
    await launch({ ...own, rehearsal: true })
    expect(configOf(own)).toContain('trust_level = "untrusted"')
  })

  it('takes over model and provider of the person, their secrets by variables, and nothing that loosens what holds agents', async () => {
    const theirs = `model = "big"\nmodel_context_window = 1000\nmodel_provider = "acme"\nsandbox_mode = "danger-full-access"\n[features]\nhooks = false\n[model_providers.acme]\nbase_url = "https://acme.test/v1"\nexperimental_bearer_token = "sk-acme"\n[mcp_servers.github]\ncommand = "gh"\n`
    writeFileSync(join(folder, 'home/.codex/config.toml'), theirs)
    const own = context({ env: { PATH: '/bin' } })
    const { spec, notices } = await launch(own)
    expect(configOf(own)).toMatch(/^model = "big"\nmodel_context_window = 1000\nmodel_provider = "acme"\n/)
    expect(configOf(own)).toContain('[model_providers.acme]\nname = "acme"\nenv_key = "TROUPE_CODEX_1_TOKEN"\nbase_url = "https://acme.test/v1"')
    expect(spec.env['TROUPE_CODEX_1_TOKEN']).toBe('sk-acme')
    expect(configOf(own)).not.toMatch(/sk-acme|danger|hooks = false|github/)
    expect(notices).toEqual([expect.stringMatching(/config\.toml agents have model = big, .*model_providers\.acme; not sandbox_mode, features, mcp_servers \(github\)$/)])
    const named = context({ env: { PATH: '/bin' } }, { model: 'small' })
    await launch(named)
    expect(configOf(named)).toMatch(/^model_provider = "acme"\nmodel = "small"\n/)
    expect(configOf(named)).not.toContain('context_window')
    for (const more of [{ rehearsal: true }, { proxied: true }]) {
      const without = context(more)
      const launched = await launch(without)
      expect([configOf(without).includes('acme'), JSON.stringify(launched.spec.env).includes('sk-acme'), launched.notices]).toEqual([false, false, []])
    }
    expect(readFileSync(join(folder, 'home/.codex/config.toml'), 'utf8')).toBe(theirs)
  })

  it.each([
    ['model_provider = "acme"\n[model_providers.acme]\nbase_url = "https://acme.test/v1"\nenv_key = "ACME_KEY"', { OPENAI_API_KEY: 'sk' }, /acme of .*ACME_KEY/, /env: \[ACME_KEY\]/],
    ['cli_auth_credentials_store = "keyring"', {}, /keyring/, /"file"/],
  ])('says what is missing where the person’s own file leads to it: %j', async (file, env, why, hint) => {
    writeFileSync(join(folder, 'home/.codex/config.toml'), file)
    const message = expect.stringMatching(why) as string
    await expect(launch(context({ env: { PATH: '/bin', ...env } as Record<string, string> }))).rejects.toMatchObject({ code: 'config', message, hint: expect.stringMatching(hint) as string })
    await expect(launch(context({ env: { PATH: '/bin', ACME_KEY: 'k', OPENAI_API_KEY: 'sk' } }))).resolves.toBeDefined()
  })

  it('resumes a conversation of this folder, and begins anew otherwise', async () => {
    const id = '01a1fec9-6213-7712-9908-6bd687e5e3f5'
    const own = context({ session: id })
    expect((await launch(own)).session).toBeNull()
    const file = join(homeOf(own), 'sessions/2026/11/21', `rollout-2026-11-21T15-46-13-${id}.jsonl`)
    mkdirSync(dirname(file), { recursive: true })
    const meta = (cwd: string) => `${JSON.stringify({ timestamp: '2026-11-21T15:46:13Z', type: 'session_meta', payload: { id, cwd } })}\n`
    writeFileSync(file, meta(join(folder, 'work')))
    const again = await launch(own)
    expect([again.session, again.spec.argv.slice(10, 12)]).toEqual([id, ['resume', id]])
    writeFileSync(file, meta('/elsewhere'))
    expect(await launch(own)).toMatchObject({ session: null, notices: [expect.stringContaining('another folder')] })
  })

  it('passes effort, model and tool servers on', async () => {
    const own = context({}, { model: 'gpt-5', effort: 'max', mcps: { own: { command: 'x', args: ['a b'], env: { K: 'v' } } } })
    await launch(own)
    expect(configOf(own)).toMatch(/^model = "gpt-5"\nmodel_reasoning_effort = "xhigh"/)
    expect(configOf(own)).toContain('[mcp_servers.own]\ncommand = "x"\nargs = ["a b"]\n\n[mcp_servers.own.env]\nK = "v"')
  })
})
