import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LoopGuard, loopStopped, type Link, type LoopGuardSettings } from './loop-guard.ts'

const settings: LoopGuardSettings = { enabled: true, hops: 8, sendsPerChain: 64, sendsPerMinute: 20 }
const quick: LoopGuardSettings = { ...settings, sendsPerMinute: 1_000_000 }

/** Agents that answer whatever they are told: `answers(agent)` says to whom. Ends when nothing is on its way, or at `most`. */
function talk(guard: LoopGuard, first: string[], answers: (agent: string) => string[], limits: LoopGuardSettings, { works = false, most = 5_000 } = {}): number {
  const onTheWay: { to: string; link: Link }[] = first.map((to) => ({ to, link: { chain: 'began', hop: 0 } }))
  let sent = 0
  for (let next = onTheWay.shift(); next !== undefined && sent < most; next = onTheWay.shift()) {
    const { to: agent, link } = next
    guard.told(agent, link)
    if (works) guard.worked(agent)
    for (const to of answers(agent)) {
      const admitted = guard.take(agent, `m${sent}`, limits, sent)
      if (!admitted.ok) continue
      sent += 1
      onTheWay.push({ to, link: admitted.link })
    }
  }
  return sent
}

describe('the loop guard', () => {
  it('stops a ring of any number of agents, one that talks to itself included, after the hops', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 30 }), (size, hops) => {
        const sent = talk(new LoopGuard(), ['0'], (agent) => [String((Number(agent) + 1) % size)], { ...quick, hops })
        expect(sent).toBe(hops)
      }),
    )
  })

  it('stops agents that answer anybody in any number of copies within the sends of a chain', () => {
    const graph = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 6 }))
    fc.assert(
      fc.property(graph, fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 }), (edges, first) => {
        expect(talk(new LoopGuard(), first, (agent) => edges[agent] ?? [], quick)).toBeLessThanOrEqual(settings.sendsPerChain)
      }),
    )
  })

  it('never stops a chain in which each does some work', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), (size) => {
        const ring = (agent: string): string[] => [String((Number(agent) + 1) % size)]
        expect(talk(new LoopGuard(), ['0'], ring, quick, { works: true, most: 500 })).toBe(500)
      }),
    )
  })

  it('bounds what an agent says that nobody told anything', () => {
    const guard = new LoopGuard()
    let sent = 0
    while (guard.take('a', `m${sent}`, quick, 0).ok) sent += 1
    expect(sent).toBe(64)
    guard.worked('a')
    expect(guard.take('a', 'more', quick, 0)).toEqual({ ok: true, link: { chain: 'm0', hop: 1 } })
  })

  it('allows so many a minute, and says when the next may come', () => {
    const guard = new LoopGuard()
    for (let n = 0; n < 20; n += 1) expect(guard.take('a', `m${n}`, settings, n * 1_000).ok).toBe(true)
    expect(guard.take('a', 'x', settings, 20_000)).toMatchObject({ ok: false, refusal: { limit: 'sends_per_minute', retryAfterMs: 40_000 } })
    expect(guard.take('b', 'y', settings, 20_000).ok).toBe(true)
    expect(guard.take('a', 'z', settings, 60_000).ok).toBe(true)
    expect(guard.take('a', 'z', settings, 60_000).ok).toBe(false)
  })

  it('does not count what did not come about', () => {
    const guard = new LoopGuard()
    for (let n = 0; n < 50; n += 1) {
      const admitted = guard.take('a', 'm', settings, 0)
      expect(admitted.ok).toBe(true)
      if (admitted.ok) guard.giveBack('a', admitted.link)
    }
  })

  it('counts anew from what another message began', () => {
    const guard = new LoopGuard()
    guard.told('a', { chain: 'old', hop: 8 })
    const refused = guard.take('a', 'm', settings, 0)
    expect(refused).toEqual({ ok: false, refusal: { limit: 'hops', allowed: 8, chain: 'old', hop: 9, retryAfterMs: null } })
    if (!refused.ok) expect(loopStopped('p:a', refused.refusal)).toMatchObject({ code: 'throttled', facts: { limit: 'loop_guard.hops', chain: 'old', hop: 9, allowed: 8 } })
    guard.told('a', { chain: 'new', hop: 0 })
    expect(guard.take('a', 'm', settings, 0)).toEqual({ ok: true, link: { chain: 'new', hop: 1 } })
  })

  it('lets everything through where it is switched off', () => {
    const off = { ...settings, enabled: false }
    expect(talk(new LoopGuard(), ['0'], () => ['0'], off, { most: 300 })).toBe(300)
  })
})
