import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { TroupeError } from '../../src/core/error.ts'
import { run } from '../../src/util/spawn.ts'
import { programPath } from '../../src/util/programs.ts'
import { fakeDaemon, type Answers } from '../fixtures/fake-daemon.ts'
import { teamFolder, troupe } from './troupe.ts'

const id = '0199aaaa-0000-7000-8000-00000000abcd'
const long = 100 * 86_400_000 // so that durations in the golden outputs stand still
/** A pid that no process has: over the kernel's limit. */
const longGone = 2 ** 22 + 1
const attach = ['tmux', '-S', '/tmp/a b/tmux.sock', 'attach', '-r', '-t', '%4']
const manager = {
  agent: 'hello:manager', project: 'hello', role: 'manager', runtime: 'scripted', phase: 'idle', detail: '',
  since: Date.now() - long, incarnation: 'i-1', restarts: 0, inbox: 0, attach,
}
const dev = { ...manager, agent: 'hello:dev', role: 'worker', phase: 'quarantined', detail: '5 failures in 10 min', restarts: 5, inbox: 3, attach: undefined }

async function team(answers: Answers, events: unknown[] = []) {
  const { home, root } = teamFolder()
  const daemon = await fakeDaemon(root, answers, events)
  onTestFinished(() => daemon.stop())
  return { home, root, daemon }
}

test('ps is a table for people', async () => {
  const { home } = await team({ ps: [manager, dev] })
  expect((await troupe(home, ['ps'])).stdout).toBe(
    `AGENT          ROLE     RUNTIME   STATE         FOR  INBOX  RESTARTS  DETAIL
hello:manager  manager  scripted  idle         100d      -         -
hello:dev      worker   scripted  quarantined  100d      3         5  5 failures in 10 min
`,
  )
  expect((await troupe(home, ['ps', '-v'])).stdout).toContain("\n\ntmux -S '/tmp/a b/tmux.sock' attach -r -t %4\n")
})

test('status is a table of who does what for how long, from one question to the daemon', async () => {
  const task = { n: 4, title: 'mend the parser', state: 'done', detail: '', source: 'lead', startedAt: Date.now() - long, endedAt: Date.now() - long + 65_000 }
  const { home, daemon } = await team({ ps: [manager, { ...dev, phase: 'idle', detail: '', task }] })
  const { stdout } = await troupe(home, ['status'])
  expect(stdout).toMatch(/^Lead: hello:manager idle\nNAME +PROVIDER +STATUS +ELAPSED +TASK\nmanager +scripted +idle +2400h 00m \d\ds\ndev +scripted +done +1m 05s +\[lead\] mend the parser\n$/)
  expect(daemon.calls.map(({ name }) => name)).toEqual(['ps'])
  expect(JSON.parse((await troupe(home, ['status', 'de', '--json'])).stdout)).toMatchObject([{ agent: 'hello:dev', name: 'dev', provider: 'scripted', status: 'done', elapsedMs: 65_000, error: null }])
  expect(await troupe(home, ['status', 'nobody'])).toMatchObject({ code: 4, stderr: expect.stringContaining('there is no agent "nobody"') })
})

test('ps --json is what the daemon said', async () => {
  const { home } = await team({ ps: [manager] })
  expect(JSON.parse((await troupe(home, ['ps', '--json'])).stdout)).toEqual([manager])
})

test('send takes its text from words, a file or stdin', async () => {
  const { home, daemon } = await team({ send: { id, n: 13, deliveries: [{ to: 'hello:dev', state: 'queued' }] } })
  writeFileSync(join(home, 'text.md'), 'from a file\n')
  const sent = await troupe(home, ['send', 'dev', 'run', 'the tests', '--key', 'k1', '--priority', 'urgent'])
  expect(sent).toMatchObject({ code: 0, stdout: '#13 → hello:dev: queued\n', stderr: 'Try: troupe explain message 13\n' })
  await troupe(home, ['send', 'dev', '-'], { input: 'from\nstdin\n' })
  await troupe(home, ['send', 'dev', '--file', 'text.md', '-q'])
  expect(daemon.calls.filter(({ name }) => name === 'send').map((call) => call.input)).toEqual([
    { to: 'dev', text: 'run the tests', key: 'k1', priority: 'urgent' },
    { to: 'dev', text: 'from\nstdin' },
    { to: 'dev', text: 'from a file' },
  ])
})

test('send refuses what makes no sense before it asks anybody', async () => {
  const { home, daemon } = await team({})
  expect(await troupe(home, ['send', 'dev'])).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no text to send') })
  expect(await troupe(home, ['send', 'dev', 'x', '--priority', 'urgnet'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--priority urgent') })
  expect(await troupe(home, ['send', 'dev', '--file', 'absent'])).toMatchObject({ code: 2, stderr: expect.stringContaining('absent cannot be read') })
  expect(await troupe(home, ['mail', '-n', 'many'])).toMatchObject({ code: 2 })
  expect(daemon.calls).toEqual([])
})

test('an agent’s text cannot touch the terminal', async () => {
  const row = { id, n: 12, from: 'hello:dev', to: 'hello:manager', text: 'a\u001b]0;x\u0007\nb', state: 'acked', proof: 'hook', sentAt: Date.now() - long }
  const { home } = await team({ mail: [row] })
  expect((await troupe(home, ['mail'])).stdout).toBe(
    ` ID   AGE  FROM       TO             STATE         TEXT
#12  100d  hello:dev  hello:manager  acked (hook)  a\\u{1b}]0;x\\u{7}↵b
`,
  )
  expect(JSON.parse((await troupe(home, ['mail', '--json'])).stdout)).toEqual([row])
})

test('explain message tells the whole story', async () => {
  const at = Date.UTC(2026, 0, 2, 3, 4, 5)
  const steps = [{ at, what: 'queued', by: 'user' }, { at: at + 1000, what: 'delivered (hook)', by: 'hook' }]
  const answer = { id, n: 12, from: 'user', to: 'hello:dev', text: 'one\ntwo', sentAt: at, deliveries: [{ to: 'hello:dev', state: 'delivered', proof: 'hook', steps }] }
  const { home, daemon } = await team({ 'explain.message': answer })
  expect((await troupe(home, ['explain', 'message', '#12'])).stdout).toBe(`#12 user → hello:dev
sent 2026-01-02 03:04:05, id ${id}

  one
  two

hello:dev: delivered (hook)
  2026-01-02 03:04:05  user  queued
  2026-01-02 03:04:06  hook  delivered (hook)
`)
  expect(daemon.calls[0]).toEqual({ name: 'explain.message', input: { id: '12' } })
})

test('inspect shows the state with its evidence and what to do', async () => {
  const answer = {
    ...dev, evidence: [{ at: Date.UTC(2026, 0, 2), what: 'exit 1', source: 'process' }], limits: { restart: 'always', budget: [] }, limitHits: [], usage: [], session: null,
    pid: null, model: null, permissionMode: 'auto', gate: false, cwd: '/srv', reportsTo: null, canDm: [], canBroadcast: ['all'], version: null, files: {},
    next: ['troupe restart hello:dev'],
  }
  const { home } = await team({ inspect: answer })
  expect((await troupe(home, ['inspect', 'dev'])).stdout).toBe(`hello:dev  quarantined (5 failures in 10 min) for 100d

role              worker
runtime           scripted
permission mode   auto
gate              none: sensitive actions are held only where it asks
folder            /srv
may write to      nobody
may broadcast on  #all
inbox             3
restarts          5
incarnation       i-1

Evidence
  2026-01-02 00:00:00  process  exit 1

Limits
  restart  always

Budget
  no limit

What you can do
  troupe restart hello:dev
`)
})

test.each([
  ['denied', 3],
  ['unknown', 4],
  ['timeout', 5],
  ['conflict', 1],
] as const)('an answer of %s ends with exit code %i', async (code, exit) => {
  const { home } = await team({ interrupt: new TroupeError(code, 'no', { hint: 'something else' }) })
  expect(await troupe(home, ['interrupt', 'dev'])).toMatchObject({ code: exit, stdout: '', stderr: 'error: no\nTry: something else\n' })
})

test('up says who is not ready, and its exit code too', async () => {
  const troubles = [{ agent: 'hello:dev', why: 'it stays in quarantine: ended 5 times', fix: 'troupe restart hello:dev' }]
  const answers = { up: { ok: false, agents: [manager, dev], troubles, notices: ['careful'] } }
  const { home, daemon } = await team(answers, [{ at: Date.now(), type: 'agent.launched', subject: 'hello:dev', agent: 'hello:dev', data: { pid: 7 } }])
  const { code, stdout, stderr } = await troupe(home, ['up', '-v', '--timeout', '5s'], { env: { SECRET: 'x', LANG: 'C' } })
  expect(code).toBe(1)
  expect(stdout).toContain('hello:dev      worker   scripted  quarantined')
  expect(stdout).toContain('attach -r -t %4')
  expect(stderr).toContain('hello:dev         launched, process 7')
  expect(stderr).toContain('warning: careful')
  expect(stderr).toContain('error: 1 of 2 agents not ready\n  hello:dev: it stays in quarantine: ended 5 times\n  Try: troupe restart hello:dev\n')
  const input = daemon.calls.find((call) => call.name === 'up')?.input
  expect(input).toMatchObject({ agents: [], timeoutMs: 5000, env: { LANG: 'C' } })
  expect(input).not.toMatchObject({ env: { SECRET: 'x' } })
})

test('down is asked for once, and says how each agent ended', async () => {
  const { home, root } = teamFolder()
  const stopped = [{ agent: 'hello:dev', took: 'polite', ms: 47 }, { agent: 'hello:manager', took: 'not running', ms: 0 }]
  const daemon = await fakeDaemon(root, { down: { stopped, notices: [] } }, [], longGone)
  onTestFinished(() => daemon.stop())
  expect(await troupe(home, ['down'])).toMatchObject({
    code: 0,
    stdout: 'AGENT      ENDED BY  AFTER\nhello:dev  polite     47ms\n',
    stderr: 'The team is down; mail and state stay.\n',
  })
  expect(daemon.calls.map((call) => call.name)).toEqual(['down'])
})

test('only starting is a time-out, not a failure', async () => {
  const { home } = await team({ start: { ok: false, agents: [{ ...manager, phase: 'starting' }], troubles: [], notices: [] } })
  expect((await troupe(home, ['start', 'manager'])).code).toBe(5)
})

test('logs print the file, readable, then the screen', async () => {
  const { home, root } = teamFolder()
  const file = join(root, 'state/agents/hello-dev/supervisor.log')
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, '\u001b[32mready\u001b[0m\r\n10%\r100%\r\nlast\u001b]0;t\u0007\n')
  writeFileSync(`${file}.1`, 'older\n')
  const daemon = await fakeDaemon(root, { logs: [{ agent: 'hello:dev', file, previous: [`${file}.1`], screen: 'prompt>\n' }] })
  onTestFinished(() => daemon.stop())
  expect((await troupe(home, ['logs', 'dev'])).stdout).toBe('ready\n100%\nlast\n── screen now ──\nprompt>\n')
  expect((await troupe(home, ['logs', 'dev', '-n', '1', '--previous'])).stdout).toBe('last\n── screen now ──\nprompt>\n')
  expect((await troupe(home, ['logs', 'dev', '--previous'])).stdout).toMatch(/^older\nready\n/)
  expect((await troupe(home, ['logs', 'dev', '--raw'])).stdout).toContain('\u001b[32mready')
})

test('tail prints a line for each event; --json one array', async () => {
  const events = [{ at: Date.UTC(2026, 0, 2), type: 'agent.ended', subject: 'hello:dev', agent: 'hello:dev', data: { code: 1, signal: null } }]
  const { home } = await team({ events: { cursor: '{}', events } })
  expect((await troupe(home, ['tail'])).stdout).toBe('2026-01-02 00:00:00  hello:dev         process ended: exit 1\n')
  expect(JSON.parse((await troupe(home, ['tail', '--json'])).stdout)).toEqual(events)
})

test('following ends with Ctrl-C and 130', async () => {
  const event = { at: Date.UTC(2026, 0, 2), type: 'agent.wanted', subject: 'hello:dev', agent: 'hello:dev', data: { wanted: 'stopped' } }
  const { home } = await team({ events: { cursor: '{}', events: [] } }, [event])
  const script = `
    import { spawn } from 'node:child_process'
    const child = spawn(process.execPath, [${JSON.stringify(programPath('troupe'))}, 'tail', '-f'], { stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout.once('data', () => child.kill('SIGINT'))
    child.on('exit', (code, signal) => console.log(code, signal))`
  const { stdout } = await run([process.execPath, '--input-type=module', '-e', script], { cwd: home, timeoutMs: 60_000 })
  expect(stdout).toBe('130 null\n')
})

test('a reader that goes away is no failure', async () => {
  const rows = Array.from({ length: 5000 }, (_, i) => ({ ...manager, agent: `hello:agent-number-${i}` }))
  const { home } = await team({ ps: rows })
  const script = `
    import { spawn } from 'node:child_process'
    const child = spawn(process.execPath, [${JSON.stringify(programPath('troupe'))}, 'ps'], { stdio: ['ignore', 'pipe', 'pipe'] })
    let words = ''
    child.stderr.on('data', (data) => (words += data))
    child.stdout.once('data', () => child.stdout.destroy())
    child.on('close', (code) => console.log(code, words))`
  const { stdout } = await run([process.execPath, '--input-type=module', '-e', script], { cwd: home, timeoutMs: 60_000 })
  expect(stdout).toBe('0 \n')
})

test('a daemon that speaks another protocol is named', async () => {
  const { home } = await team({ ps: new TroupeError('incompatible', 'the daemon is newer', { hint: 'troupe daemon stop' }) })
  expect(await troupe(home, ['ps'])).toMatchObject({ code: 1, stderr: 'error: the daemon is newer\nTry: troupe daemon stop\n' })
})
