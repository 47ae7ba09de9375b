import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { fakeLane } from '../../../test/fixtures/fake-lane.ts'
import { testFolder } from '../../../test/fixtures/folder.ts'
import { systemClock } from '../../core/clock.ts'
import type { SessionContext, Signal } from '../../core/runtime.ts'
import { codexFiles, writeLaunched } from './files.ts'
import { oneshotSession } from './oneshot.ts'

it('says what a run came to where Codex wrote nothing of it down, and that its cost cannot be read', async () => {
  const [lane, folder] = [await fakeLane(), testFolder('codex-oneshot-')]
  writeLaunched(codexFiles(folder), { home: join(folder, 'home'), session: null, holdMs: 0 })
  const session = oneshotSession({ folder, laneSocket: lane.path, incarnation: 'i', startedAt: 0, host: { clock: systemClock } } as SessionContext)
  onTestFinished(() => session.close())
  const heard: Signal[] = []
  session.subscribe((signal) => heard.push(signal))
  await vi.waitFor(() => expect(lane.sockets).toHaveLength(1))
  const events = [{ type: 'thread.started', thread_id: 't' }, { type: 'turn.failed', error: { message: 'no room on the disk' } }]
  lane.says(...events.map((event) => ({ kind: 'out' as const, text: JSON.stringify(event) })), { kind: 'exit', code: 1, signal: null })
  await vi.waitFor(() => expect(heard.map(({ type }) => type)).toContain('result'))
  expect(heard).toContainEqual(expect.objectContaining({ type: 'result', ok: false, text: 'no room on the disk' }))
  expect(heard).toContainEqual(expect.objectContaining({ type: 'note', evidence: expect.objectContaining({ what: expect.stringContaining('what it cost cannot be read: ENOENT') }) }))
})
