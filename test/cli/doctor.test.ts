import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { programVersion } from '../../src/api/wire.ts'
import { runtimeNames } from '../../src/runtimes/index.ts'
import { fakeDaemon } from '../fixtures/fake-daemon.ts'
import { folder, teamFolder, troupe } from './troupe.ts'

interface Row { check: string; ok: boolean; reason: string; fix: string | null; provider?: Record<string, unknown> }

async function rows(home: string, args: string[] = [], env: Record<string, string> = {}): Promise<{ code: number | null; found: Row[] }> {
  const { code, stdout } = await troupe(home, ['doctor', '--json', ...args], { env: { LANG: 'C.UTF-8', ...env } })
  return { code, found: JSON.parse(stdout) as Row[] }
}

const row = (found: Row[], check: string) => found.find((each) => each.check === check)

/** A team whose state looks as a daemon leaves it. */
function stateFolder(): { home: string; root: string; run: string } {
  const { home, root } = teamFolder()
  writeFileSync(join(root, 'team-compose.yaml'), 'version: 2\nrehearsal: hello\nprojects:\n  - file: projects/hello.yaml\n')
  const run = join(root, 'state/run')
  mkdirSync(join(run, 'specs'), { recursive: true, mode: 0o700 })
  return { home, root, run }
}

test('outside a team the machine alone is looked at', async () => {
  const { found } = await rows(folder())
  expect(found.map((each) => each.check)).toEqual(expect.arrayContaining(['team', 'node', 'sqlite', 'locale', 'open files', 'clock', 'supervisor', 'runtime claude-code']))
  for (const each of found) {
    expect(Object.keys(each)).toEqual(['check', 'ok', 'reason', 'fix', ...(each.check.startsWith('runtime ') ? ['provider'] : [])])
    expect(each.fix === null).toBe(each.ok)
  }
})

test('a team that is down and sound is well, and nothing was started', async () => {
  const { home, run } = stateFolder()
  const { code, found } = await rows(home)
  expect(found.filter((each) => !each.ok)).toEqual([])
  expect(code).toBe(0)
  expect(row(found, 'daemon')?.reason).toContain('none runs')
  expect(existsSync(join(run, 'op.sock'))).toBe(false)
})

test('each fault is named with its fix', async () => {
  const { home, root, run } = stateFolder()
  writeFileSync(join(root, 'state/mailbox.db'), 'no database at all, but long enough to look like one'.repeat(100), { mode: 0o600 })
  writeFileSync(join(root, 'state/applied.json'), '{}', { mode: 0o600 })
  writeFileSync(join(root, 'state/journal-head.json'), '{}', { mode: 0o600 })
  utimesSync(join(root, 'state/journal-head.json'), 4e9, 4e9)
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  writeFileSync(join(run, 'port'), `${typeof address === 'object' && address !== null ? address.port : 0}\n`, { mode: 0o600 })
  const { code, found } = await rows(home, [], { LANG: 'C', LC_ALL: '', TROUPE_CLAUDE: '/nowhere' })
  expect(code).toBe(1)
  for (const [check, words] of [['database', 'damaged'], ['daemon', 'its daemon does not run'], ['clock', '2096'], ['port', 'taken'], ['locale', 'not UTF-8']] as const) {
    expect(row(found, check)).toMatchObject({ ok: false, reason: expect.stringContaining(words), fix: expect.stringMatching(/\w/) })
  }
})

test('--fix mends what is safe to mend, and only if it may', async () => {
  const { home, root, run } = stateFolder()
  const spec = join(run, 'specs/old.json')
  writeFileSync(spec, '{}', { mode: 0o600 })
  utimesSync(spec, 1e9, 1e9)
  writeFileSync(join(root, 'state/applied.json'), '{}')
  chmodSync(join(root, 'state/applied.json'), 0o644)
  chmodSync(run, 0o755)
  const socket = join(run, 'op.sock')
  await leaveSocket(socket)

  const before = await rows(home)
  expect(before.found.filter((each) => !each.ok).map((each) => each.check)).toEqual(expect.arrayContaining(['modes of state', 'launch files', 'sockets']))
  expect(await troupe(home, ['doctor', '--fix'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Try: troupe doctor --fix -y') })
  expect(existsSync(spec)).toBe(true)

  const after = await rows(home, ['--fix', '-y'])
  expect(after.found.filter((each) => !each.ok).map((each) => each.check)).toEqual(['daemon'])
  expect([existsSync(spec), existsSync(socket)]).toEqual([false, false])
  expect([statSync(run).mode & 0o777, statSync(join(root, 'state/applied.json')).mode & 0o777]).toEqual([0o700, 0o600])
})

test('a daemon of another version is named', async () => {
  const { home, root } = stateFolder()
  const status = { pid: 1, root, since: 1, address: 'http://127.0.0.1:1', version: '0.0.1', protocol: 1, keeper: null, agents: 0, store: 'sqlite' }
  const daemon = await fakeDaemon(root, { 'daemon.status': status, 'daemon.check': { ok: false, why: 'page 3 is damaged' } })
  onTestFinished(() => daemon.stop())
  const { code, found } = await rows(home)
  expect(code).toBe(1)
  expect(row(found, 'daemon')).toMatchObject({ ok: false, reason: expect.stringContaining('version 0.0.1') })
  expect(row(found, 'keeper')).toMatchObject({ ok: false })
  expect(row(found, 'database')).toMatchObject({ ok: false, reason: 'page 3 is damaged' })
})

/** Answers as Claude Code does where it is asked what it is. */
function claudeOf(home: string, version: string): string {
  const program = join(home, 'claude')
  const help = '--session-id --append-system-prompt-file --strict-mcp-config --setting-sources'
  writeFileSync(program, `#!/bin/sh\n[ "$1" = --version ] && echo '${version} (Claude Code)' || echo '${help}'\n`, { mode: 0o755 })
  return program
}

/** `acp` is a protocol: it runs the command that a team names, and is none by itself. */
test('an agent CLI that is asked about alone must be usable; one that nobody asked about is shown as missing, and is no fault', async () => {
  const home = folder()
  const env = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' }
  const all = await troupe(home, ['doctor'], { env })
  expect(all.stdout).toMatch(/^- {4}runtime codex +the program `codex` is not on the PATH \(not needed here\)/m)
  expect(all.stderr).toContain('no agent CLI can be used here yet')
  const alone = await troupe(home, ['doctor', '-p', 'codex'], { env })
  expect(alone).toMatchObject({ code: 1, stdout: expect.stringMatching(/^BAD {2}runtime codex +the program `codex` is not on the PATH$/m) as string })
  expect(alone.stdout).not.toContain('runtime claude-code')
  expect(await troupe(home, ['doctor', '-p', 'grok'], { env })).toMatchObject({ code: 2, stderr: expect.stringContaining('Try: take claude, codex') as string })
})

const clis = runtimeNames.ready.filter((name) => name !== 'acp')

test('every agent CLI is told of in fields, whatever another one is like; one of an untested version only by --drift', async () => {
  const home = folder()
  const env = { TROUPE_CLAUDE: claudeOf(home, '9.9.9'), ANTHROPIC_API_KEY: 'sk-ant-1' }
  const plain = await rows(home, [], env)
  const providers = plain.found.flatMap(({ provider }) => (provider === undefined ? [] : [provider]))
  expect(providers.map(({ runtime }) => runtime)).toEqual(clis)
  expect(providers[0]).toEqual({ runtime: 'claude-code', installed: true, program: env.TROUPE_CLAUDE, version: '9.9.9', authenticated: true, viable: true, seen: false })
  expect(plain.found.filter(({ check }) => check.startsWith('drift'))).toEqual([])
  const { code, found } = await rows(home, ['--drift'], env)
  expect(code).toBe(1)
  expect(row(found, 'drift claude-code')).toMatchObject({ ok: false, reason: expect.stringContaining('9.9.9 is none that troupe was tested with'), fix: expect.stringContaining('2.1.329') })
  const tested = await rows(home, ['--drift'], { ...env, TROUPE_CLAUDE: claudeOf(home, '2.1.329') })
  expect(row(tested.found, 'drift claude-code')).toMatchObject({ ok: true })
  const none = await rows(home, ['--drift'], { ...env, TROUPE_CLAUDE: '/nowhere' })
  expect(none.found.flatMap(({ provider }) => (provider === undefined ? [] : [provider])).map(({ runtime }) => runtime)).toEqual(clis)
  expect(row(none.found, 'runtime claude-code')?.provider).toMatchObject({ installed: false, viable: false, version: null })
})

test('a used-up allowance is named with the time when it is given again; one without a time is wrong', async () => {
  const { home, root } = stateFolder()
  const status = { pid: 1, root, since: 1, address: 'http://127.0.0.1:1', version: programVersion, protocol: 1, keeper: 2, agents: 0, store: 'sqlite' }
  const agent = (name: string, runtime: string, quota: object | null) => ({
    ...{ agent: `hello:${name}`, project: 'hello', role: 'worker', runtime, phase: quota === null ? 'idle' : 'parked', detail: '', since: 1, incarnation: null, restarts: 0, inbox: 0 },
    quota,
  })
  const ps = [agent('a', 'one', { until: 4_000_000_000_000, why: 'You’ve hit your limit' }), agent('b', 'one', null), agent('c', 'two', null), agent('d', 'three', { until: null, why: 'no credit' })]
  const daemon = await fakeDaemon(root, { 'daemon.status': status, 'daemon.check': { ok: true, why: 'well' }, ps, 'audit.log': [] })
  onTestFinished(() => daemon.stop())
  const { found } = await rows(home)
  expect(row(found, 'quota one')).toEqual({ check: 'quota one', ok: true, reason: 'used up until 2096-10-02T07:06:40.000Z: You’ve hit your limit (hello:a)', fix: null })
  expect(row(found, 'quota two')).toMatchObject({ ok: true, reason: 'no limit of its provider is known to be reached' })
  expect(row(found, 'quota three')).toMatchObject({ ok: false, reason: 'no credit (hello:d)', fix: expect.stringContaining('raise the limit') })
})

test('people see what is wrong first of all in the words, with what to try', async () => {
  const { home } = teamFolder(true)
  const { code, stdout } = await troupe(home, ['doctor'], { env: { LANG: 'C.UTF-8' } })
  expect(code).toBe(1)
  expect(stdout).toMatch(/^BAD {2}team/)
  expect(stdout).toContain('Try: troupe validate')
})

/** A process that listens and is killed leaves its socket behind. */
async function leaveSocket(path: string): Promise<void> {
  const child = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`], { stdio: ['ignore', 'pipe', 'ignore'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}
