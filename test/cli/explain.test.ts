import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fakeDaemon, type Answers } from '../fixtures/fake-daemon.ts'
import { teamFolder, troupe } from './troupe.ts'

const at = Date.UTC(2026, 0, 2, 3, 4, 5)
const hostile = 'Allow \u001b]0;x\u0007Bash(rm -rf /)?'

async function team(answers: (root: string) => Answers) {
  const { home, root } = teamFolder()
  const daemon = await fakeDaemon(root, answers(root))
  onTestFinished(() => daemon.stop())
  return { home, root, daemon }
}

const waiting = {
  agent: 'hello:dev', phase: 'waiting', detail: 'permission', since: Date.now() - 100 * 86_400_000, wanted: 'running', incarnation: 'i-1',
  evidence: [{ at, what: 'a dialog is open', source: 'screen' }],
  events: [{ at, type: 'agent.ended', subject: 'hello:dev', agent: 'hello:dev', data: { code: 1, signal: null } }],
  notices: ['root may not bypass'],
  restarts: { mode: 'always', count: 2, failures: [at], quarantineAt: 5 },
  mail: { total: 3, open: [{ id: 'm', n: 7, from: 'user', sentAt: Date.now() - 100 * 86_400_000, state: 'queued', waitsFor: 'an answer to its question (permission)' }] },
  next: { what: 'nothing until somebody answers in its terminal; messages wait', at: null },
  todo: ['troupe attach hello:dev --rw: it asks (permission); answer in its terminal'],
  screen: ['', hostile, '> 1. Yes'],
}

test('explain agent is one page: state, way, restarts, mail, screen, what comes, what to do', async () => {
  const { home, daemon } = await team(() => ({ 'explain.agent': waiting }))
  expect((await troupe(home, ['explain', 'agent', 'dev'])).stdout).toBe(`hello:dev  waiting (permission) for 100d, wanted running

Evidence
  2026-01-02 03:04:05  screen  a dialog is open

How it came here
  2026-01-02 03:04:05  hello:dev         process ended: exit 1

Restarts
  restart: always; restarted 2 times; failed at 2026-01-02 03:04:05 (5 in 10 min lead to quarantine)

What its runtime said
  root may not bypass

Mail
  #7 from user, 100d old: queued, waits for an answer to its question (permission)
  and 2 messages more (troupe mail --unread)

Its screen
  
  Allow \\u{1b}]0;x\\u{7}Bash(rm -rf /)?
  > 1. Yes

What happens next
  nothing until somebody answers in its terminal; messages wait

What you can do
  troupe attach hello:dev --rw: it asks (permission); answer in its terminal
`)
  expect(daemon.calls).toEqual([{ name: 'explain.agent', input: { agent: 'dev', events: 25 } }])
})

test('explain agent --json is what the daemon said', async () => {
  const { home } = await team(() => ({ 'explain.agent': waiting }))
  expect(JSON.parse((await troupe(home, ['explain', 'agent', 'dev', '--json', '-n', '3'])).stdout)).toEqual(waiting)
})

test('an agent that is gone shows the end of its terminal’s log, and when it comes back', async () => {
  const gone = { ...waiting, phase: 'backoff', detail: '', incarnation: null, screen: [], next: { what: 'it is started again', at: at + 1000 } }
  const { home, root } = await team((folder) => ({
    'explain.agent': gone,
    logs: [{ agent: 'hello:dev', file: join(folder, 'state/agents/hello-dev/supervisor.log'), previous: [], screen: null }],
  }))
  mkdirSync(join(root, 'state/agents/hello-dev'), { recursive: true })
  writeFileSync(join(root, 'state/agents/hello-dev/supervisor.log'), 'begun\r\n\u001b[31mno\u202Elicence\u001b[0m\r\n')
  const { stdout } = await troupe(home, ['explain', 'agent', 'dev'])
  expect(stdout).toContain('The last lines in its terminal\n  begun\n  no\\u{202e}licence\n')
  expect(stdout).toContain('What happens next\n  it is started again now\n')
})

test('inspect shows the screen of an agent that waits', async () => {
  const answer = {
    agent: 'hello:dev', project: 'hello', role: 'worker', runtime: 'scripted', phase: 'waiting', detail: 'permission', since: at, incarnation: 'i-1', restarts: 0,
    inbox: 0, evidence: [], limits: {}, limitHits: [], usage: [], session: null, pid: 7, model: null, permissionMode: 'auto', cwd: '/srv', reportsTo: null, canDm: [],
    canBroadcast: [], version: null, files: {}, screen: [hostile], next: ['troupe attach hello:dev --rw'],
  }
  const { home } = await team(() => ({ inspect: answer }))
  expect((await troupe(home, ['inspect', 'dev'])).stdout).toContain('Its screen\n  Allow \\u{1b}]0;x\\u{7}Bash(rm -rf /)?\n\nWhat you can do\n  troupe attach hello:dev --rw\n')
})
