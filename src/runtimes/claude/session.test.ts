import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { testFolder } from '../../../test/fixtures/folder.ts'
import { systemClock, type Clock } from '../../core/clock.ts'
import type { SessionContext, Signal } from '../../core/runtime.ts'
import type { Typing } from '../../core/supervisor.ts'
import { claudeHome } from './home.ts'
import { ClaudeSession } from './session.ts'

/** A minute in a second. */
const hasty: Clock = { now: () => Date.now(), elapsed: () => performance.now() * 60, after: (ms, run) => systemClock.after(ms / 60, run) }
const rule = '─'.repeat(40)
const patiently = { timeout: 20_000 }

/** An idle Claude that has lost the team's tools. `onEnter`: what it does with the command that brings them back. */
function lostTools(onEnter: (claude: { status(word: string): void; connect(): void }) => void): Signal[] {
  const folder = testFolder('claude-session-')
  const { sessions } = claudeHome(folder, null)
  mkdirSync(sessions, { recursive: true })
  let [box, isOpen, changes, enters] = ['', false, 0, 0]
  const status = (word: string): void => {
    const told = { sessionId: 's', startedAt: 10_000, status: word, statusUpdatedAt: (changes += 1), ...(word === 'waiting' ? { waitingFor: 'dialog open' } : {}) }
    writeFileSync(join(sessions, '5.json'), JSON.stringify(told))
  }
  status('idle')
  const claude = { status, connect: () => void (isOpen = true) }
  const type = (input: Typing[]): Promise<void> => {
    for (const each of input) {
      if ('paste' in each) box += each.paste
      if (!('keys' in each)) continue
      box = ''
      if ((enters += 1) === 1) onEnter(claude)
    }
    return Promise.resolve()
  }
  const terminal = { type, screen: () => Promise.resolve([rule, `❯ ${box}`, rule].join('\n')) }
  const tools = { open: () => isOpen, heardAt: () => null }
  const host = { clock: hasty, home: folder, env: {}, isRoot: false }
  const session = new ClaudeSession({ agent: { permissionMode: 'auto' }, incarnation: 'i', pid: 5, startedAt: 10_000, session: null, wasReady: true, folder, host, terminal, tools } as unknown as SessionContext)
  onTestFinished(() => session.close())
  const heard: Signal[] = []
  session.subscribe((signal) => heard.push(signal))
  return heard
}

it('takes what its own command shows for a while for no question that somebody has to answer', async () => {
  const heard = lostTools(({ status, connect }) => {
    status('waiting')
    hasty.after(3_000, () => (status('idle'), connect()))
  })
  await vi.waitFor(() => expect(heard).toContainEqual({ type: 'note', evidence: expect.objectContaining({ what: expect.stringContaining('brought them back') }) }), patiently)
  expect(heard.map(({ type }) => type)).not.toContain('waiting')
})

it('tells of what is still there once its own command is over', async () => {
  const heard = lostTools(({ status }) => status('waiting'))
  await vi.waitFor(() => expect(heard.map(({ type }) => type)).toContain('waiting'), patiently)
})
