import { describe, expect, it } from 'vitest'
import { begun, fillTemplate, hooksOf, isOver, isSameLimit, newHit, nextLook, parkedUntil, quotaPolicy, settled, startable, takenUp, type LimitHit } from './limit-hit.ts'
import type { RateLimitHook, RateLimitSettings } from './team.ts'

const hook = (name: string, action: RateLimitHook['action']): RateLimitHook => ({ name, action, to: null, template: null, url: null, urlEnv: null, method: null, command: [] })
const settings: RateLimitSettings = { defaultOnHit: [], fallbackWaitMs: 30_000, failOverAfterMs: 300_000, allowPrivate: [], hooks: [hook('tell', 'send'), hook('page', 'webhook'), hook('pause', 'wait')] }
const fresh: Omit<LimitHit, 'hooks'> = { id: 'h', agent: 'p:a', project: 'p', runtime: 'r', incarnation: 'i', at: 1_000, resetsAt: 60_000, until: 65_000, raw: 'limit' }
const hit = (...actions: RateLimitHook['action'][]): LimitHit => newHit(fresh, actions.map((action, index) => hook(`${action}${index}`, action)))
const names = (agent: string[] | null, defaults: string[] = []) => hooksOf({ onRateLimit: agent }, { ...settings, defaultOnHit: defaults }).map(({ name }) => name)

describe('the hooks of an agent', () => {
  it('are its own, else the team’s, else wait; an empty list is none', () => {
    expect([names(null), names(null, ['tell']), names(['page', 'wait'], ['tell']), names([], ['tell'])]).toEqual([['wait'], ['tell'], ['page', 'wait'], []])
  })

  it('wait where one of them is a wait, whatever it is called', () => {
    expect(['pause', 'tell'].map((name) => quotaPolicy(hooksOf({ onRateLimit: [name] }, settings), settings).waits)).toEqual([true, false])
  })
})

describe('the time until', () => {
  const waits = { waits: true, fallbackMs: 0 }
  const until = (resetsAt: number | null, policy = waits, before?: { count: number; at: number }) => parkedUntil({ at: 1_000, resetsAt }, policy, before).until

  it('is a little after the reset, or the fallback, or a person’s', () => {
    expect([until(60_000), until(null, { waits: true, fallbackMs: 30_000 }), until(null, { waits: false, fallbackMs: 30_000 })]).toEqual([65_000, 31_000, null])
  })

  it('never loops tightly: a reset that is over and a wait of nothing take ever longer', () => {
    expect([until(0), until(null)]).toEqual([11_000, 11_000])
    expect(until(null, waits, { count: 3, at: 900 })).toBe(81_000)
    expect(until(0, waits, { count: 99, at: 900 })).toBe(301_000)
    expect(until(0, waits, { count: 99, at: -9_000_000 })).toBe(11_000)
  })
})

describe('the order of hooks', () => {
  it('is that of the files: each begins once the one before was tried, whatever came of it', () => {
    const first = begun(hit('send', 'webhook'), 0, 5)
    expect([startable(hit('send', 'webhook'), 5), startable(first, 5)]).toEqual([[0], []])
    const failed = settled(first, 0, { ok: false, why: 'no', again: true }, 6, 0)
    expect(failed.hooks[0]?.state).toEqual({ is: 'retry', at: 5_006, why: 'no' })
    expect([startable(failed, 6), startable(failed, 5_006)]).toEqual([[1], [0, 1]])
  })

  it('puts what follows a wait after it', () => {
    const waiting = begun(hit('wait', 'send'), 0, 5)
    expect([startable(waiting, 99_000), nextLook(waiting)]).toEqual([[], 65_000])
    expect(startable(settled(waiting, 0, { ok: true, what: 'over' }, 65_000, 0), 65_000)).toEqual([1])
  })

  it('gives up after six attempts, at once where another would be the same, and is over then', () => {
    let now = hit('webhook')
    const waits: number[] = []
    for (let at = 0; !isOver(now); ) {
      now = settled(begun(now, 0, at), 0, { ok: false, why: 'no', again: true }, at, 0)
      const due = nextLook(now)
      if (due !== null) waits.push(due - at)
      at = due ?? at
    }
    expect(waits).toEqual([5_000, 15_000, 45_000, 135_000, 300_000])
    expect(isOver(settled(begun(hit('webhook'), 0, 1), 0, { ok: false, why: 'no', again: false }, 2, 0))).toBe(true)
  })

  it('is taken up where a daemon left it', () => {
    expect(startable(takenUp(begun(hit('run', 'send'), 0, 5), 9), 9)).toEqual([0, 1])
  })
})

it('knows the same limit by its reset, as long as that is to come', () => {
  const now = hit('wait')
  const later = { ...now, at: 2_000 }
  expect(isSameLimit(now, { ...later, resetsAt: 61_000 })).toBe(true)
  expect([isSameLimit(undefined, later), isSameLimit(now, { ...later, resetsAt: null }), isSameLimit(now, { ...later, resetsAt: 999_000 }), isSameLimit(now, { ...later, at: 60_000 })]).toEqual([false, false, false, false])
})

it('fills a template once: what a CLI said is not read as one', () => {
  const said = { ...hit(), raw: '{agent} $& {resets_at}' }
  expect(fillTemplate('{agent} {runtime} {hit_at} {resets_at} {raw_match} {constructor} {}', said)).toBe('p:a r 1 60 {agent} $& {resets_at} {constructor} {}')
  expect(fillTemplate('{resets_at} {resets_at_local}', { ...said, resetsAt: null })).toBe('unknown an unknown time')
})
