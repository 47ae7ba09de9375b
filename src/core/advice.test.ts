import { describe, expect, it } from 'vitest'
import { advice } from './advice.ts'
import type { AgentState, Phase } from './phase.ts'
import { noRestarts } from './restart.ts'

const state = (phase: Phase): AgentState => ({
  address: 'p:a', wanted: 'running', phase, since: 0, evidence: [], incarnation: null, restarts: noRestarts, session: null,
})

const phases: Phase[] = [
  { name: 'stopped', why: 'asked', code: null }, { name: 'starting' }, { name: 'idle' }, { name: 'busy' },
  { name: 'waiting', what: 'a permission' }, { name: 'backoff', until: 1 }, { name: 'quarantined', why: 'five times' },
  { name: 'parked', until: 1, why: 'limit' }, { name: 'parked', until: null, why: 'limit' }, { name: 'blocked', why: 'no login' }, { name: 'stopping' },
]

describe('what a person can do', () => {
  it.each(phases)('is a command that names the agent, whatever it does: %j', (phase) => {
    expect(advice(state(phase)).join('\n')).toMatch(/troupe (start|restart|attach|logs|kill|send) p:a\b/)
  })

  it('where it asks: the question, and how it is answered', () => {
    expect(advice(state({ name: 'waiting', what: 'whether this folder is trusted', fix: '“No, exit” is preselected' }))).toEqual([
      'troupe attach p:a --rw: answer there (it asks: whether this folder is trusted). “No, exit” is preselected',
    ])
    expect(advice(state({ name: 'waiting', what: 'unknown' })).join()).toMatch(/not known to troupe.*its screen/)
  })

  it('where something has to be mended: that first, then how to go on', () => {
    const mended = advice(state({ name: 'blocked', why: 'Not logged in', fix: 'run /login' }))
    expect(mended).toEqual(['run /login', expect.stringContaining('troupe start p:a'), expect.stringContaining('troupe restart p:a')])
    expect(advice(state({ name: 'parked', until: null, why: 'no money', fix: 'add funds' }))[0]).toBe('add funds')
  })
})
