import { expect, it } from 'vitest'
import { systemClock as clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { Gate } from '../core/runtime.ts'
import type { Fetching } from './fetching.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import { Hooks } from './hooks.ts'
import type { Sessions } from './sessions.ts'

const caller = { kind: 'agent', address: 'p:a', incarnation: 'i' } as const
const away = new TroupeError('unavailable', 'the database is away')

/** An agent whose fetched mail cannot be written down as delivered; what reached its session, and its gate. */
function hooked(gate: Gate | null) {
  const heard: unknown[] = []
  const session = { gate: () => gate, hook: async (event: object) => (heard.push(event), {}) }
  const gatekeeper = { verdict: async () => (heard.push('judged'), { do: 'pass' }) } as unknown as Gatekeeper
  const fetching = { confirm: async () => await Promise.reject(away) } as unknown as Fetching
  const hooks = new Hooks({ sessions: { get: () => ({ session }) } as unknown as Sessions, gatekeeper, fetching, clock })
  return { heard, take: (event: Record<string, unknown>) => hooks.take(caller, event, new AbortController().signal) }
}

it('hears of the end of a turn also where the mail that this proves cannot be written down', async () => {
  const { heard, take } = hooked(null)
  const end = { hook_event_name: 'AfterAgent' }
  await expect(take(end).answer).rejects.toBe(away)
  expect(heard).toEqual([end])
})

it('judges no call of an agent of which it is not known what it has read', async () => {
  const { heard, take } = hooked({ stage: 'call', answer: () => ({}) } as unknown as Gate)
  await expect(take({ hook_event_name: 'PreToolUse', tool_name: 'Bash' }).answer).rejects.toBe(away)
  expect(heard).toEqual([])
})
