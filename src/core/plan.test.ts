import { describe, expect, it } from 'vitest'
import { enter, newState, nextDue, onEnded, onSignal, plan, witness, type Known } from './plan.ts'
import type { AgentState, Phase } from './phase.ts'
import { noRestarts, restartPolicy } from './restart.ts'
import type { Observed } from './supervisor.ts'
import type { Agent } from './team.ts'

const address = 'p:a'
const agent = { address, restart: 'always' } as Agent

function state(change: Partial<AgentState> = {}): AgentState {
  return { ...newState(address, 0), wanted: 'running', ...change }
}

function known(change: Partial<AgentState>, more: Partial<Known> = {}): Known {
  return { state: state(change), backoffLeft: null, launched: true, watched: true, stop: null, ...more }
}

function process(incarnation: string, alive: Observed['state'] = { alive: true }): Observed {
  return { address, incarnation, pane: '%1', pid: 7, state: alive }
}

const running = (phase: Phase = { name: 'idle' }): Partial<AgentState> => ({ incarnation: 'i1', phase })

describe('plan', () => {
  it('launches what should run and has no process', () => {
    expect(plan([agent], [known({})], [], 10)).toEqual([{ do: 'launch', address }])
  })

  it('waits for the end of a back-off, then launches', () => {
    const waiting = (backoffLeft: number) => known({ phase: { name: 'backoff', until: 100 } }, { backoffLeft })
    // The time of day alone says nothing: it may have been set.
    expect(plan([agent], [waiting(1)], [], 1e12)).toEqual([])
    expect(plan([agent], [waiting(0)], [], 99)).toEqual([{ do: 'launch', address }])
    expect(nextDue([waiting(70), known(running({ name: 'parked', until: 150, why: 'limit' }))], 100)).toBe(50)
  })

  it.each<Phase>([
    { name: 'quarantined', why: 'x' },
    { name: 'blocked', why: 'x' },
    { name: 'parked', until: null, why: 'x' },
    { name: 'stopped', why: 'done', code: 0 },
    { name: 'stopped', why: 'failed', code: 1 },
  ])('leaves %j alone', (phase) => {
    expect(plan([agent], [known({ phase })], [], 1e12)).toEqual([])
  })

  it('T12: never ends an agent that is starting, however long it takes', () => {
    const starting = known(running({ name: 'starting' }))
    expect(plan([agent], [starting], [process('i1')], 1e12)).toEqual([])
  })

  it('records an end with the exit status of the process itself', () => {
    const dead = process('i1', { alive: false, code: 3, signal: null })
    expect(plan([agent], [known(running())], [dead], 5)).toEqual([
      { do: 'record-end', address, incarnation: 'i1', code: 3, signal: null, lost: false },
    ])
  })

  it('records an end without a status where the terminal is gone', () => {
    expect(plan([agent], [known(running())], [], 5)).toEqual([{ do: 'record-end', address, incarnation: 'i1', code: null, signal: null, lost: true }])
  })

  it('forgets a launch that never made a terminal', () => {
    const cut = known(running({ name: 'starting' }), { launched: false })
    expect(plan([agent], [cut], [], 5)).toEqual([{ do: 'forget-launch', address, incarnation: 'i1' }])
  })

  it('adopts a process that nobody watches, and ends one that belongs to nobody', () => {
    expect(plan([agent], [known(running(), { watched: false })], [process('i1'), process('i0')], 5)).toEqual([
      { do: 'adopt', address, incarnation: 'i1', pane: '%1', pid: 7 },
      { do: 'end-orphan', address, incarnation: 'i0' },
    ])
  })

  it('clears the dead terminal of an incarnation that was written off', () => {
    const dead = process('i0', { alive: false, code: 0, signal: null })
    expect(plan([agent], [known({ wanted: 'stopped' })], [dead], 5)).toEqual([{ do: 'clear', address, incarnation: 'i0' }])
  })

  it('frees an agent whose process outlived the time it was parked until', () => {
    const parked = (until: number | null) => known(running({ name: 'parked', until, why: 'limit' }))
    expect(plan([agent], [parked(5)], [process('i1')], 5)).toEqual([{ do: 'unpark', address, incarnation: 'i1' }])
    expect(plan([agent], [parked(6), parked(null)], [process('i1')], 5)).toEqual([])
  })

  it('stops and then forgets an agent that left the team', () => {
    expect(plan([], [known(running())], [process('i1')], 5)).toEqual([{ do: 'stop', address, incarnation: 'i1', pane: '%1', pid: 7 }])
    expect(plan([], [known({})], [], 5)).toEqual([{ do: 'forget-agent', address }])
  })
})

describe('signals', () => {
  const at = (n: number) => ({ at: n, what: 'seen', source: 'hook' })

  it('keeps since while the phase stays, and moves it when it changes', () => {
    const idle = onSignal(state(running({ name: 'starting' })), { type: 'ready', evidence: at(5) })
    expect(idle).toMatchObject({ phase: { name: 'idle' }, since: 5 })
    const again = onSignal(idle, { type: 'idle', evidence: at(9) })
    expect(again.since).toBe(5)
    expect(onSignal(again, { type: 'busy', evidence: at(11) })).toMatchObject({ phase: { name: 'busy' }, since: 11 })
  })

  it('a stopping agent stays stopping, and a stopped one hears nothing', () => {
    expect(onSignal(state(running({ name: 'stopping' })), { type: 'idle', evidence: at(1) }).phase.name).toBe('stopping')
    expect(onSignal(state({}), { type: 'busy', evidence: at(1) }).phase.name).toBe('stopped')
  })

  it('a spent quota parks; going idle does not free it, a new turn does', () => {
    const failure = { type: 'failure', class: 'quota', why: 'limit', evidence: at(1) } as const
    const parked = onSignal(state(running()), { ...failure, until: 99_000 })
    expect(parked.phase).toEqual({ name: 'parked', limit: true, until: 104_000, why: 'limit', cut: true })
    // The provider's clock is behind ours: it is not told to go on again and again.
    expect(onSignal(state(running()), { ...failure, until: 0 }).phase).toMatchObject({ until: 10_001 })
    expect(onSignal(state(running()), { ...failure, until: null }).phase).toMatchObject({ until: 1_800_001 })
    // Nothing waits: it is free again at the reset, and nobody tells it to go on.
    const still = { waits: false, fallbackMs: 0 }
    expect(onSignal(state(running()), { ...failure, until: 99_000 }, 0, still).phase).toEqual({ name: 'parked', limit: true, until: 104_000, why: 'limit' })
    expect(onSignal(state(running()), { ...failure, until: null }, 0, still).phase).toEqual({ name: 'parked', limit: true, until: null, why: 'limit' })
    const mended = { type: 'failure', class: 'auth', why: 'no login', until: null, fix: 'log in', evidence: at(1) } as const
    expect(onSignal(state(running()), mended).phase).toEqual({ name: 'blocked', why: 'no login', fix: 'log in' })
    expect(onSignal(parked, { type: 'idle', evidence: at(2) }).phase.name).toBe('parked')
    expect(onSignal(parked, { type: 'busy', evidence: at(3) }).phase.name).toBe('busy')
  })

  it('T18: what the daemon does or notes by itself is no sign of life: phase and its beginning stay', () => {
    const working = onSignal(state(running({ name: 'starting' })), { type: 'ready', evidence: at(5) })
    const adopted = witness(working, { at: 900, what: 'adopted, process 7', source: 'daemon' })
    const noted = onSignal(adopted, { type: 'note', evidence: at(901) })
    const named = onSignal(noted, { type: 'session', id: 's1', evidence: at(902) })
    expect({ ...named, evidence: [], session: null }).toEqual({ ...working, evidence: [] })
    expect(named.since).toBe(5)
  })

  it('keeps the newest twenty lines of evidence', () => {
    let now = state(running())
    for (let n = 1; n <= 30; n++) now = onSignal(now, { type: 'note', evidence: at(n) })
    expect(now.evidence.map((line) => line.at)).toEqual(Array.from({ length: 20 }, (_, n) => n + 11))
  })
})

describe('T14: a failure that a transcript tells', () => {
  const failure = (at: number, source: string) => ({ type: 'failure', class: 'quota', why: 'limit', until: 99_000, evidence: { at, what: 'turn failed: limit', source } }) as const

  it('counts where its hook never came, and not again where it did, or where a new daemon reads it once more', () => {
    const told = onSignal(state(running({ name: 'busy' })), failure(7, 'transcript'))
    expect(told.phase).toEqual({ name: 'parked', limit: true, until: 104_000, why: 'limit', cut: true })
    const resumed = enter(onSignal(state(running({ name: 'busy' })), failure(8, 'hook')), { name: 'idle' }, { at: 9, what: 'started by a person', source: 'operator' })
    expect(onSignal(resumed, failure(7, 'transcript'))).toEqual(resumed)
    expect(onSignal(resumed, failure(10, 'transcript')).phase.name).toBe('parked')
  })
})

describe('ends', () => {
  const ended = { code: 1, signal: null, failure: null, startedAt: 0, endedAt: 1000 }

  it('an end that was asked for costs nothing', () => {
    const after = onEnded(state(running({ name: 'stopping' })), agent, ended, 0)
    expect(after).toMatchObject({ incarnation: null, phase: { name: 'stopped', why: 'asked', code: 1 }, restarts: noRestarts })
  })

  it('a crash waits for the first delay', () => {
    const after = onEnded(state(running()), agent, ended, 0)
    expect(after.phase).toEqual({ name: 'backoff', until: 1000 + restartPolicy.firstDelay })
    expect(after.incarnation).toBeNull()
  })

  it('what kept it from its work still does when its process ends, whichever daemon sees the end', () => {
    const parked: Phase = { name: 'parked', until: 99_000, why: 'limit', fix: 'wait' }
    expect(onEnded(state(running(parked)), agent, ended, 0)).toMatchObject({ phase: parked, restarts: noRestarts })
    const blocked: Phase = { name: 'blocked', why: 'no login', fix: 'log in' }
    expect(onEnded(state(running(blocked)), agent, ended, 0)).toMatchObject({ phase: blocked, restarts: noRestarts })
  })

  it('keeps the conversation for the next run', () => {
    expect(onEnded(state({ ...running(), session: 's1' }), agent, ended, 0).session).toBe('s1')
  })

  it('entering the same phase again does not move its beginning', () => {
    const first = enter(state({}), { name: 'blocked', why: 'x' }, { at: 3, what: '', source: '' })
    expect(enter(first, { name: 'blocked', why: 'x' }, { at: 8, what: '', source: '' }).since).toBe(3)
  })
})

describe('a ceiling', () => {
  const limit = { scope: 'team', id: 'team', period: 'day', nano: 1, rule: 'r' } as const
  const stop = { state: 'stop', limit, spent: { nano: 2, unpriced: 0 }, until: 100 } as const
  const held = (until: number | null = 100): Phase => ({ name: 'parked', until, why: 'w', hold: { by: 'budget', rule: 'r', run: 'i1' } })
  const doing = (change: Partial<AgentState>, more: Partial<Known> = {}, now = 10): string[] =>
    plan([agent], [known(change, more)], change.incarnation == null ? [] : [process('i1')], now).map((action) => action.do)

  it('holds whoever works, rests or waits for a person, and starts nobody', () => {
    for (const phase of [{ name: 'busy' }, { name: 'idle' }, { name: 'waiting', what: 'x' }] as const) expect(doing(running(phase), { stop })).toEqual(['hold'])
    expect(doing({}, { stop })).toEqual(['hold'])
    expect(doing({ phase: { name: 'backoff', until: 5 } }, { stop, backoffLeft: 0 })).toEqual(['hold'])
    expect(doing({ phase: { name: 'parked', until: 5, why: 'quota' } }, { stop })).toEqual(['hold'])
  })

  it('leaves alone who is held, starts, ends, or is not wanted', () => {
    expect(doing(running(held()), { stop })).toEqual([])
    expect(doing({ phase: held() }, { stop })).toEqual([])
    expect(doing(running({ name: 'starting' }), { stop })).toEqual([])
    expect(doing(running({ name: 'stopping' }), { stop })).toEqual(['stop'])
    expect(doing({ ...running(), wanted: 'stopped' }, { stop })).toEqual(['stop'])
  })

  it('is told anew where another one, or that of the next day, is in the way', () => {
    expect(doing(running(held()), { stop: { ...stop, until: 200 } }, 101)).toEqual(['hold'])
    expect(doing(running(held()), { stop: { ...stop, limit: { ...limit, rule: 'other' } } })).toEqual(['hold'])
  })

  it('lets go as soon as it does not hold, before its time as after it; nobody is told to go on by the time alone', () => {
    expect(doing(running(held()))).toEqual(['release'])
    expect(doing(running(held()), { stop }, 100)).toEqual([])
    expect(doing({ phase: held() })).toEqual(['launch'])
  })

  it('of a breaker is a person’s to lift', () => {
    const broken: Phase = { name: 'parked', until: null, why: 'w', hold: { by: 'breaker', rule: 'r', run: 'i1' } }
    expect([doing(running(broken)), doing({ phase: broken })]).toEqual([[], []])
  })

  it('stays over whatever the CLI says, and over the end of its process', () => {
    const before = state(running(held()))
    const evidence = { at: 20, what: 'e', source: 'hook' }
    for (const type of ['busy', 'idle'] as const) expect(onSignal(before, { type, evidence }).phase).toEqual(held())
    expect(onSignal(before, { type: 'failure', class: 'quota', why: 'q', until: 9, evidence }).phase).toEqual(held())
    const ended = onEnded(before, agent, { code: 1, signal: null, endedAt: 30, startedAt: 0, failure: null }, 0)
    expect([ended.phase, ended.incarnation]).toEqual([held(), null])
  })
})
