import { expect, test } from 'vitest'
import { outlook } from './outlook.ts'
import type { AgentState, Phase } from './phase.ts'
import { noRestarts } from './restart.ts'

const state = (phase: Phase, more: Partial<AgentState> = {}): AgentState => ({
  address: 'p:a', wanted: 'running', phase, since: 0, evidence: [], incarnation: null, restarts: noRestarts, session: null, ...more,
})

test('what waits for a time says which', () => {
  expect(outlook(state({ name: 'backoff', until: 7 }), 'always')).toEqual({ what: 'it is started again', at: 7 })
  expect(outlook(state({ name: 'parked', until: 9, why: 'limit' }), 'always').at).toBe(9)
  expect(outlook(state({ name: 'backoff', until: 7 }, { wanted: 'stopped' }), 'always')).toEqual({ what: 'nothing: it is wanted stopped', at: null })
})

test.each<[Phase, string]>([
  [{ name: 'parked', until: null, why: 'limit' }, 'a person'],
  [{ name: 'quarantined', why: 'five times' }, 'a person'],
  [{ name: 'blocked', why: 'no login' }, 'mended'],
  [{ name: 'waiting', what: 'Bash' }, 'somebody answers'],
  [{ name: 'stopped', why: 'failed', code: 1 }, 'a person'],
])('what waits for a person says so: %j', (phase, words) => {
  expect(outlook(state(phase), 'always')).toEqual({ what: expect.stringContaining(words), at: null })
})

test('what runs says what its end would bring', () => {
  const failures = [1, 2, 3, 4]
  expect(outlook(state({ name: 'idle' }), 'never').what).toContain('stays stopped')
  expect(outlook(state({ name: 'busy' }), 'always').what).toContain('started again')
  expect(outlook(state({ name: 'idle' }, { restarts: { count: 4, failures, streak: 4 } }), 'always').what).toContain('quarantined')
})
