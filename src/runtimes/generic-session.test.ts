import { expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../core/clock.ts'
import type { SessionContext, Signal } from '../core/runtime.ts'
import { GenericSession } from './generic-session.ts'

it('looks at the screen alone where the log of its terminal cannot be looked at', async () => {
  const terminal = { type: () => Promise.resolve(), screen: () => Promise.resolve('> ') }
  // No file system takes that name.
  const context = { folder: '/a\0b', wasReady: false, host: { clock: systemClock }, terminal } as unknown as SessionContext
  const session = new GenericSession(context, { isReady: () => true, looks: () => 'busy', limit: () => null })
  onTestFinished(() => session.close())
  const heard: Signal['type'][] = []
  session.subscribe(({ type }) => heard.push(type))
  await vi.waitFor(() => expect(heard).toEqual(['ready', 'busy']))
})
