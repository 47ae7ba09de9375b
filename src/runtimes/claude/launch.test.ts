import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import type { LaunchContext } from '../../core/runtime.ts'
import { noHitl } from '../../core/limits.ts'
import type { Agent, Team } from '../../core/team.ts'
import { launch } from './launch.ts'

let folder: string
let work: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'troupe-launch-')))
  work = join(folder, 'work')
  for (const each of [work, join(folder, 'agents'), join(folder, 'agents', 'office-alice'), join(folder, 'home')]) mkdirSync(each)
})
afterEach(() => rmSync(folder, { recursive: true }))

const secret = 'bearer-of-alice'
const features = { sessionId: true, settingSources: true, strictMcpConfig: true, systemPromptFile: true, freshSystemPrompt: true, effort: true, manualMode: true }

function context(more: Partial<LaunchContext> = {}, agent: Partial<Agent> = {}): LaunchContext {
  const alice = {
    ...{ address: 'office:alice', permissionMode: 'auto', model: null, effort: null, cwd: work, args: [], hooks: [], mcps: {}, skills: [], subagents: [], ultracode: false },
    ...agent,
  } as unknown as Agent
  return {
    team: { hitl: { ...noHitl, globallySensitiveActions: ['payment'] } } as Team,
    agent: alice,
    incarnation: 'i1',
    host: { env: {}, home: join(folder, 'home'), isRoot: false, clock: systemClock },
    health: { installed: true, program: '/bin/claude', version: '2.1.329', features, problem: null },
    folder: join(folder, 'agents', 'office-alice'),
    url: 'http://127.0.0.1:4000',
    laneSocket: '/lane.sock',
    programs: { node: '/node', hook: '/hook.ts', gate: '/troupe/gate.js', pair: '/troupe/pair.js', shim: '/shim.ts', scripted: '/scripted.ts', lane: '/lane.ts' },
    env: { PATH: '/bin', TROUPE_AGENT_TOKEN: secret, ANTHROPIC_API_KEY: 'sk-own' },
    briefing: 'you are alice',
    session: null,
    rehearsal: false,
    proxied: false,
    ...more,
  }
}

const own = (name: string) => readFileSync(join(folder, 'agents', 'office-alice', 'claude', name), 'utf8')
const state = () => JSON.parse(readFileSync(join(folder, 'home', '.claude.json'), 'utf8')) as Record<string, unknown>
const after = (argv: string[], flag: string) => argv[argv.indexOf(flag) + 1]

describe('what runs', () => {
  it('has its text in files, and no secret in them or in argv', async () => {
    const { spec } = await launch(context({ briefing: 'long text' }, { model: 'opus', effort: 'high', args: ['--verbose'] }))
    expect(own('briefing.md')).toBe('long text')
    expect(after(spec.argv, '--append-system-prompt-file')).toBe(join(folder, 'agents', 'office-alice', 'claude', 'briefing.md'))
    expect([after(spec.argv, '--model'), after(spec.argv, '--effort'), after(spec.argv, '--permission-mode')]).toEqual(['opus', 'high', 'acceptEdits'])
    expect(spec.argv.at(-1)).toBe('--verbose')
    expect([spec.argv.join(' '), own('settings.json'), own('mcp.json'), own('launched.json')].join()).not.toContain(secret)
    expect(spec.env).toMatchObject({ TROUPE_AGENT_TOKEN: secret, ANTHROPIC_API_KEY: 'sk-own', DISABLE_AUTOUPDATER: '1' })
  })

  it('reaches the team by names of variables, and spools what cannot go over HTTP without a shell', async () => {
    const hooks = [{ event: 'PreToolUse', matcher: 'Bash', command: 'check' }]
    await launch(context({}, { hooks, mcps: { files: { command: 'f', args: ['-x'], env: {} } } }))
    expect(JSON.parse(own('mcp.json'))).toMatchObject({
      mcpServers: { files: { command: 'f' }, team: { url: '${TROUPE_MCP_URL}', headers: { Authorization: 'Bearer ${TROUPE_AGENT_TOKEN}' }, alwaysLoad: true } },
    })
    expect(JSON.parse(own('settings.json'))).toMatchObject({
      disableAllHooks: false,
      permissions: { allow: ['mcp__team'], ask: expect.arrayContaining(['Bash(stripe payouts:*)']) },
      hooks: {
        SessionStart: [{ hooks: [{ type: 'command', command: '/node', args: ['/hook.ts', expect.stringMatching(/spool$/)] }] }],
        UserPromptSubmit: [{ hooks: [{ type: 'http', url: 'http://127.0.0.1:4000/hook', allowedEnvVars: ['TROUPE_AGENT_TOKEN'] }] }],
        PreToolUse: [{ hooks: [{ type: 'http', timeout: 660 }] }, { matcher: 'Bash', hooks: [{ type: 'command', command: 'check' }] }],
      },
    })
  })

  it('rehearses without the keys and the state of its person', async () => {
    const { spec } = await launch(context({ rehearsal: true }))
    expect(spec.env).toMatchObject({ ANTHROPIC_BASE_URL: 'http://127.0.0.1:4000/model', ANTHROPIC_AUTH_TOKEN: secret })
    expect(spec.env['ANTHROPIC_API_KEY']).toBeUndefined()
    expect(spec.env['CLAUDE_CONFIG_DIR']).toBe(join(folder, 'agents', 'office-alice', 'claude', 'home'))
    expect(() => state()).toThrow('ENOENT')
  })
})

describe('trust', () => {
  it('given by troupe keeps the settings of the folder out, for every later agent too', async () => {
    const first = await launch(context())
    expect(state()).toEqual({ hasCompletedOnboarding: true, projects: { [work]: { hasTrustDialogAccepted: true } } })
    const second = await launch(context())
    for (const { spec } of [first, second]) {
      expect(after(spec.argv, '--setting-sources')).toBe('user')
      expect(after(spec.argv, '--add-dir')).toBe(work)
    }
  })

  it('given by the person lets them in', async () => {
    writeFileSync(join(folder, 'home', '.claude.json'), JSON.stringify({ hasCompletedOnboarding: true, projects: { [folder]: { hasTrustDialogAccepted: true } } }))
    const { spec } = await launch(context())
    expect(spec.argv).not.toContain('--setting-sources')
  })

  it('does not pretend a set-up that was never done', async () => {
    await expect(launch(context({ env: {} }))).rejects.toMatchObject({ code: 'config', hint: expect.stringContaining('log in') as string })
    expect(() => state()).toThrow('ENOENT')
  })
})

describe('the conversation', () => {
  const id = '11111111-2222-4333-8444-555555555555'
  const write = (text: string) => {
    const project = join(folder, 'home', '.claude', 'projects', 'some-name')
    mkdirSync(project, { recursive: true })
    writeFileSync(join(project, `${id}.jsonl`), `{"type":"mode"}\n${text}`)
  }
  const begun = async () => {
    const { spec, session, notices } = await launch(context({ session: id }))
    const flag = spec.argv.includes('--resume') ? '--resume' : '--session-id'
    expect(after(spec.argv, flag)).toBe(session)
    return { flag, same: session === id, notices }
  }

  it('is resumed where it was begun here', async () => {
    write(`${JSON.stringify({ type: 'user', cwd: work })}\n`)
    expect(await begun()).toEqual({ flag: '--resume', same: true, notices: [] })
  })

  it('is begun under its id where nothing was said yet', async () => {
    expect(await begun()).toEqual({ flag: '--session-id', same: true, notices: [] })
  })

  it.each([
    ['it belongs to another folder', `${JSON.stringify({ type: 'user', cwd: '/elsewhere' })}\n`],
    ['it ended before its first prompt', ''],
  ])('is a fresh one, and says so, where %s', async (_name, text) => {
    write(text)
    expect(await begun()).toMatchObject({ flag: '--session-id', same: false, notices: [expect.stringContaining('fresh')] })
  })

  it('never follows a name that is no id', async () => {
    const { session } = await launch(context({ session: '../../etc/passwd' }))
    expect(session).toMatch(/^[0-9a-f-]{36}$/)
  })
})
