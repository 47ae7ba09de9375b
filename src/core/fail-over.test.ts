import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acting, nobodyOut } from './duty.ts'
import { handOff, moved, nextMove, outOf, unusable } from './fail-over.ts'
import { noAgentBudget } from './limits.ts'
import { enter, newState, onEnded, onSignal } from './plan.ts'
import type { AgentState } from './phase.ts'
import type { Agent } from './team.ts'

const hour = 3_600_000
const afterMs = 300_000
const alone = { out: {}, afterMs }
const one = (runtime: string) => ({ runtime, descriptor: null, model: null, mode: 'terminal' as const })
const agent = {
  ...{ address: 'p:a', id: 'a', project: 'p', runtime: 'alpha', descriptor: null, model: 'big', mode: 'terminal', cwd: '/srv/work', metering: null, budget: noAgentBudget },
  fallback: [one('beta'), { ...one('gamma'), model: 'small' }],
} as unknown as Agent

const running: AgentState = { ...newState('p:a', 0), wanted: 'running', phase: { name: 'busy' }, incarnation: 'i1', session: 'talk-alpha' }
const limit = (at: number, until: number | null) => ({ type: 'failure' as const, class: 'quota' as const, why: 'used up', until, evidence: { at, what: 'used up', source: 'hook' } })
const limited = (state: AgentState, at: number, until: number | null): AgentState => onSignal(state, limit(at, until))
const ended = (state: AgentState, at: number): AgentState => onEnded(state, { restart: 'always' }, { code: 0, signal: null, failure: null, startedAt: 0, endedAt: at }, 0)
const started = (state: AgentState, at: number, incarnation: string): AgentState =>
  onSignal(enter({ ...state, incarnation }, { name: 'starting' }, { at, what: '', source: '' }), { type: 'ready', evidence: { at, what: 'ready', source: 'hook' } })

/** Moves as the daemon does, until nothing is due. */
function settled(state: AgentState, now: number): AgentState {
  const move = nextMove(agent, state, { out: outOf([agent], [state], now), afterMs }, now)
  return move === null ? state : moved(agent, state, move, now)
}

describe('fail-over', () => {
  it('moves to the first that can, tells why, and keeps the conversation for later', () => {
    const out = limited(running, 1, hour)
    const move = nextMove(agent, out, alone, 1)
    expect(move).toMatchObject({ to: { runtime: 'beta' }, why: 'used up' })
    const after = moved(agent, out, move!, 1)
    expect(after).toMatchObject({ phase: { name: 'stopping', fresh: true }, session: null, duty: { standIn: { runtime: 'beta' }, from: 'alpha', sessions: { alpha: 'talk-alpha' }, told: false } })
    expect(acting(agent, after)).toMatchObject({ runtime: 'beta', model: null, cwd: '/srv/work' })
    // What the old process still says of its conversation is not taken for the new one's.
    expect(onSignal(after, { type: 'session', id: 'talk-alpha', evidence: { at: 2, what: '', source: '' } }).session).toBeNull()
    expect(handOff(agent, after.duty!, '/context.md')).toMatch(/alpha cannot \(used up\), and beta takes its place[^]*\/work[^]*\/context\.md/)
    expect(ended(after, 3).phase).toEqual({ name: 'stopped', why: 'asked', code: 0 })
  })

  it('goes back in a pause once its own can work again, and takes its conversation up', () => {
    const away = started(ended(settled(limited(running, 1, hour), 1), 2), 3, 'i2')
    const atWork = onSignal({ ...away, session: 'talk-beta' }, { type: 'busy', evidence: { at: 4, what: '', source: '' } })
    const over = away.duty!.out['alpha']!
    expect(nextMove(agent, atWork, alone, over + 1)).toBeNull()
    const idle = onSignal(atWork, { type: 'idle', evidence: { at: 5, what: '', source: '' } })
    expect(nextMove(agent, idle, alone, over - 1)).toBeNull()
    const back = settled(idle, over + 1)
    expect(back).toMatchObject({ session: 'talk-alpha', duty: { standIn: null, from: 'beta', sessions: { beta: 'talk-beta' } } })
    expect(acting(agent, back)).toBe(agent)
    expect(handOff(agent, back.duty!, '/c')).toContain('beta did the work of p:a meanwhile')
    // Not while another agent has just met the limit of its own, whatever was known of that before.
    expect(nextMove(agent, idle, { out: { alpha: over + hour }, afterMs }, over + 1)).toBeNull()
    // The next time it stands in, it goes on with its own.
    const again = settled(limited(started(ended(back, over + 2), over + 3, 'i3'), over + 4, over + hour), over + 4)
    expect(again).toMatchObject({ session: 'talk-beta', duty: { standIn: { runtime: 'beta' } } })
  })

  it('goes on to the next where the stand-in is out too, and stays parked where all are', () => {
    const onBeta = started(ended(settled(limited(running, 1, hour), 1), 2), 3, 'i2')
    const onGamma = started(ended(settled(limited(onBeta, 4, 2 * hour), 4), 5), 6, 'i3')
    expect(acting(agent, onGamma)).toMatchObject({ runtime: 'gamma', model: 'small' })
    const all = limited(onGamma, 7, 3 * hour)
    expect(nextMove(agent, all, alone, 8)).toBeNull()
    expect(nextMove(agent, all, alone, 2 * hour)).toMatchObject({ to: null })
  })

  it('waits for a limit that is over soon, for a person’s word, and for no budget', () => {
    expect(nextMove(agent, limited(running, 1, afterMs - 10_000), alone, 1)).toBeNull()
    const held = enter(running, { name: 'parked', until: null, why: 'used up', hold: { by: 'budget', rule: 'x', run: null } }, { at: 1, what: '', source: '' })
    expect(nextMove(agent, held, alone, 1)).toBeNull()
    expect(nextMove(agent, { ...limited(running, 1, hour), wanted: 'stopped' }, alone, 1)).toBeNull()
    expect(nextMove({ ...agent, fallback: [] }, limited(running, 1, hour), alone, 1)).toBeNull()
  })

  it('knows from one agent what is out for another, and passes by what cannot be started', () => {
    const other = { ...agent, address: 'p:b', runtime: 'beta' }
    const out = outOf([agent, other], [{ ...limited(running, 1, hour), address: 'p:b' }], 2)
    expect(Object.keys(out)).toEqual(['beta'])
    const state = limited(running, 1, hour)
    expect(nextMove(agent, state, { out, afterMs }, 2)?.to?.runtime).toBe('gamma')
    const without = unusable(agent, state, one('beta'), 'not installed', 2)
    expect(nextMove(agent, without, alone, 3)?.to?.runtime).toBe('gamma')
    expect(without.phase).toBe(state.phase)
    expect(without.evidence.at(-1)?.what).toBe('beta cannot stand in: not installed')
  })

  it('moves nobody whose login is refused, but a stand-in', () => {
    const refused = { type: 'failure', class: 'auth', why: 'not logged in', until: null, evidence: { at: 4, what: '', source: '' } } as const
    expect(nextMove(agent, onSignal(running, refused), alone, 5)).toBeNull()
    const onBeta = started(ended(settled(limited(running, 1, hour), 1), 2), 3, 'i2')
    expect(nextMove(agent, onSignal(onBeta, refused), alone, 5)?.to?.runtime).toBe('gamma')
  })

  it('leaves a stand-in that is blocked, and one that is no fallback any more', () => {
    const onBeta = started(ended(settled(limited(running, 1, hour), 1), 2), 3, 'i2')
    const blocked = enter(onBeta, { name: 'blocked', why: 'not logged in' }, { at: 4, what: '', source: '' })
    expect(nextMove(agent, blocked, alone, 5)?.to?.runtime).toBe('gamma')
    expect(nextMove({ ...agent, fallback: [one('gamma')] }, onBeta, alone, 5)).toMatchObject({ to: null, must: true })
  })

  it('stays where its own cannot be started, and goes back on a person’s word where only that can end a limit', () => {
    const away = started(ended(settled(limited(running, 1, null), 1), 2), 3, 'i2')
    // No wait was asked for: until a person says so.
    const forGood = { ...away, duty: { ...away.duty!, out: { alpha: null } } }
    expect(nextMove(agent, forGood, alone, 10 * hour)).toBeNull()
    expect(nextMove(agent, nobodyOut(forGood), alone, 10 * hour)).toMatchObject({ to: null })
    const broken = unusable(agent, nobodyOut(forGood), null, 'not installed', 10 * hour)
    expect(nextMove(agent, broken, alone, 10 * hour + 1)).toBeNull()
  })

  it('never runs a runtime that is out, and always ends: any story of limits', () => {
    const step = fc.record({ wait: fc.integer({ min: 1, max: 2 * hour }), until: fc.option(fc.integer({ min: afterMs, max: 3 * hour })) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (story) => {
        let [state, now] = [running, 0]
        for (const { wait, until } of story) {
          now += wait
          state = until === null ? onSignal(state, { type: 'idle', evidence: { at: now, what: '', source: '' } }) : limited(state, now, now + until)
          for (let moves = 0; ; moves++) {
            const move = nextMove(agent, state, { out: outOf([agent], [state], now), afterMs }, now)
            if (move === null) break
            expect(moves).toBeLessThan(4)
            state = moved(agent, state, move, now)
            const { runtime } = acting(agent, state)
            expect((state.duty?.out[runtime] ?? 0) <= now).toBe(true)
            state = started(state.incarnation === null ? state : ended(state, now), now, `i${now}-${moves}`)
          }
        }
      }),
    )
  })
})
