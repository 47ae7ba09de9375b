import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { testFolder } from '../../../test/fixtures/folder.ts'
import { systemClock, type Clock } from '../../core/clock.ts'
import type { Connection } from './connection.ts'
import type { Terminal } from './panes.ts'
import { Watch } from './watch.ts'

const hasty: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms / 100, run) }

it('keeps the logs of the others where that of one agent cannot be kept', async () => {
  const folder = testFolder('tmux-watch-')
  const logFile = (address: string): string => join(folder, address, 'supervisor.log')
  for (const address of ['broken', 'sound']) mkdirSync(join(folder, address))
  writeFileSync(logFile('sound'), 'x'.repeat(100))
  const terminals = ['broken', 'sound'].map((address): Terminal => ({ address, incarnation: address, pane: `%${address}`, pid: 1, session: address, piped: address === 'sound', undecided: false, state: { alive: true } }))
  const connection = { request: (...commands: string[]) => (commands.join(' ').includes('%broken') ? Promise.reject(new Error('no such pane')) : Promise.resolve([])) } as unknown as Connection
  const watch = new Watch({ clock: hasty, limits: () => ({ logBytes: 10, logFiles: 3 }), logFile, look: () => Promise.resolve({ connection, terminals }), nudge: () => undefined })
  onTestFinished(() => watch.stop())
  watch.start()
  await vi.waitFor(() => expect(existsSync(`${logFile('sound')}.1`)).toBe(true), { timeout: 20_000 })
})
