import { expect, it, onTestFinished, vi } from 'vitest'
import { fakeLane } from '../../../test/fixtures/fake-lane.ts'
import { systemClock } from '../../core/clock.ts'
import type { SessionContext, Signal } from '../../core/runtime.ts'
import { TaskSession, type TaskReader } from './task.ts'

it('tells of a line that its reader cannot follow, and hears those after it and the end', async () => {
  const lane = await fakeLane()
  const reader: TaskReader = {
    read: (event, at) => {
      if (event['bad'] === true) throw new TypeError('no such field')
      return [{ type: 'note', evidence: { at, what: String(event['n']), source: 'protocol' } }]
    },
    outcome: () => ({ ok: true, text: 'all is done' }),
  }
  const session = new TaskSession({ laneSocket: lane.path, host: { clock: systemClock } } as SessionContext, reader)
  onTestFinished(() => session.close())
  const heard: Signal[] = []
  session.subscribe((signal) => heard.push(signal))
  await vi.waitFor(() => expect(lane.sockets).toHaveLength(1))
  lane.says({ kind: 'out', text: '{"bad":true}' }, { kind: 'out', text: '{"n":2}' }, { kind: 'exit', code: 0, signal: null })
  await vi.waitFor(() => expect(heard).toContainEqual(expect.objectContaining({ type: 'result', ok: true, text: 'all is done' })))
  expect(heard.flatMap((signal) => (signal.type === 'note' ? [signal.evidence.what] : []))).toEqual(['what it said cannot be followed: no such field', '2'])
})

it('ends a run that goes on in vain, once all is heard that was said before, and once', async () => {
  const lane = await fakeLane()
  const typed = vi.fn<SessionContext['terminal']['type']>().mockResolvedValue()
  const reader = { isVain: false, read: () => [], outcome: () => ({ ok: false, text: 'asked in vain' }) }
  const session = new TaskSession({ laneSocket: lane.path, host: { clock: systemClock }, terminal: { type: typed } } as unknown as SessionContext, Object.assign(reader, { other: (line: string) => ((reader.isVain = line === 'vain'), []) }))
  onTestFinished(() => session.close())
  const heard: Signal['type'][] = []
  session.subscribe(({ type }) => heard.push(type))
  await vi.waitFor(() => expect(lane.sockets).toHaveLength(1))
  lane.says({ kind: 'err', text: 'vain' }, { kind: 'err', text: 'vain' })
  await vi.waitFor(() => expect(typed).toHaveBeenCalledTimes(1))
  lane.says({ kind: 'err', text: 'vain' }, { kind: 'exit', code: 130, signal: null })
  await vi.waitFor(() => expect(heard).toContain('result'))
  expect(typed.mock.calls).toEqual([[[{ keys: ['C-c'] }, { keys: ['C-c'] }]]])
})
