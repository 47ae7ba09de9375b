import { expect, it, onTestFinished, vi } from 'vitest'
import { fakeLane } from '../../../test/fixtures/fake-lane.ts'
import { systemClock } from '../../core/clock.ts'
import type { SessionContext, Signal } from '../../core/runtime.ts'
import { laneLine } from '../../util/lane-link.ts'
import { Talk, type Protocol } from './talk.ts'

it('tells of what cannot be followed and of what goes wrong unseen, and hears what comes after; no stranger at the socket ends it', async () => {
  const { path, sockets } = await fakeLane()
  const heard: unknown[] = []
  const protocol: Protocol = {
    hear: (message) => {
      if (message['bad'] === true) throw new TypeError('no such field')
      heard.push(message['n'])
    },
    live: () => {}, typed: () => {}, interrupted: () => {}, snapshot: () => null, restore: () => {}, ended: () => {},
  }
  const talk = new Talk({ laneSocket: path, host: { env: {}, home: '/', isRoot: false, clock: systemClock } } as Pick<SessionContext, 'laneSocket' | 'host'>, protocol)
  onTestFinished(() => talk.close())
  const notes: string[] = []
  talk.signals.subscribe((signal: Signal) => void (signal.type === 'note' && notes.push(signal.evidence.what)))
  await vi.waitFor(() => expect(sockets).toHaveLength(1))
  sockets[0]!.write('no JSON at all\n')
  // It hangs up, and comes again.
  await vi.waitFor(() => expect(sockets).toHaveLength(2))
  sockets[1]!.write(laneLine({ hello: 1, first: 1, next: 1, mark: null }))
  for (const [n, text] of ['{"bad":true}', '{"n":2}'].entries()) sockets[1]!.write(laneLine({ n: n + 1, at: 0, kind: 'out', text }))
  talk.later(Promise.reject(new Error('the file is gone')))
  await vi.waitFor(() => expect(heard).toEqual([2]))
  expect(notes.toSorted()).toEqual(['what it said cannot be followed: no such field', 'what it said cannot be followed: the file is gone'])
})
