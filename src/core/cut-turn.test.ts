import { describe, expect, it } from 'vitest'
import { afterCutTurn, cutTurnPolicy, type CutTurns } from './cut-turn.ts'
import { newState, onEnded, onSignal, plan } from './plan.ts'
import type { AgentState } from './phase.ts'
import type { Agent } from './team.ts'

const cut = (at: number) => ({ type: 'failure', class: 'transient', why: '529 Overloaded', until: null, evidence: { at, what: 'turn failed', source: 'hook' } }) as const
const running: AgentState = { ...newState('p:a', 0), wanted: 'running', incarnation: 'i1', phase: { name: 'busy' } }

describe('a turn that the model’s API cut off', () => {
  it('is asked for again ever later, a bounded number of times', () => {
    let turns: CutTurns | undefined
    let at = 1e6
    const waits: (number | null)[] = []
    for (let n = 0; n < 8; n++) {
      const after = afterCutTurn(turns, at, 0)
      turns = after.turns
      waits.push(after.until === null ? null : after.until - at)
      at = (after.until ?? at) + 1_000
    }
    expect(waits).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000, null, null])
  })

  it('is the first again after a while without any', () => {
    const turns = { count: 6, at: 1e6 }
    expect(afterCutTurn(turns, 1e6 + cutTurnPolicy.forgetAfter, 0).until).toBeNull()
    expect(afterCutTurn(turns, 1e6 + cutTurnPolicy.forgetAfter + 1, 0).turns.count).toBe(1)
  })

  it('does not come back in step with a hundred others', () => {
    const untils = Array.from({ length: 100 }, (_, n) => afterCutTurn(undefined, 0, n / 100).until ?? 0)
    expect(new Set(untils).size).toBe(100)
    expect(Math.max(...untils) - Math.min(...untils)).toBeGreaterThan(cutTurnPolicy.firstDelay * 0.9)
  })

  it('parks the agent, which says when it goes on; idle does not free it, the time does', () => {
    const parked = onSignal(running, cut(1_000), 0.5)
    expect(parked.phase).toEqual({ name: 'parked', until: 46_000, why: '529 Overloaded (1 in a row; it is told to go on)', cut: true })
    const idle = onSignal(parked, { type: 'idle', evidence: { at: 1_001, what: 'idle', source: 'session-file' } }, 0.5)
    expect(idle.phase).toEqual(parked.phase)
    const seen = [{ address: 'p:a', incarnation: 'i1', pane: '%1', pid: 7, state: { alive: true } }] as const
    const agents = [{ address: 'p:a', restart: 'always' } as Agent]
    const known = { state: idle, launched: true, watched: true, backoffLeft: null, stop: null }
    expect(plan(agents, [known], seen, 45_999)).toEqual([])
    expect(plan(agents, [known], seen, 46_000)).toEqual([{ do: 'unpark', address: 'p:a', incarnation: 'i1' }])
  })

  it('counts on over turns between and over the end of the process, and leaves it to a person at last', () => {
    let state = running
    for (let n = 1; n <= 6; n++) state = onSignal({ ...state, phase: { name: 'busy' } }, cut(n * 1_000), 0)
    state = onEnded(state, { restart: 'always' }, { code: 1, signal: null, failure: null, startedAt: 0, endedAt: 7_000 }, 0)
    expect(state.phase).toMatchObject({ name: 'parked', until: 306_000 })
    const last = onSignal({ ...state, incarnation: 'i2', phase: { name: 'busy' } }, cut(8_000), 0)
    expect(last.phase).toMatchObject({ name: 'parked', until: null, why: expect.stringContaining('7 in a row') as string })
  })
})
