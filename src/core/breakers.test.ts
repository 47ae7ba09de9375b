import { describe, expect, it } from 'vitest'
import { Breakers, defaultBreakers, type Trip } from './breakers.ts'

const minute = 60_000
/** So many calls in a row, so far apart; the first trip and after how many. */
function calls(breakers: Breakers, number: number, apart: number, each: (n: number) => void = () => {}): [number, Trip] | null {
  for (let n = 1; n <= number; n += 1) {
    const trip = breakers.called('p:a', 'run', n * apart, defaultBreakers)
    if (trip !== null) return [n, trip]
    each(n)
  }
  return null
}

describe('many model calls', () => {
  it('T23: with nothing done are stopped, however few tokens each has', () => {
    const [after, trip] = calls(new Breakers(), 1_000, 3_600)!
    expect([after, trip.rule, trip.why]).toEqual([201, 'breakers.calls_without_work', '201 model calls within an hour in which it did nothing but talk'])
  })

  it('between which something is done now and then are not, at the pace of work', () => {
    const breakers = new Breakers()
    expect(calls(breakers, 5_000, 2_000, (n) => n % 150 === 0 && breakers.worked('p:a'))).toBeNull()
  })

  it('spread over a day are not: whoever leads by mail alone is at work too', () => {
    expect(calls(new Breakers(), 2_000, minute / 2)).toBeNull()
  })

  it('T23: faster than anybody works are stopped although each does something', () => {
    const breakers = new Breakers()
    const [after, trip] = calls(breakers, 1_000, 500, () => breakers.worked('p:a'))!
    expect([after, trip.rule]).toEqual([601, 'breakers.calls_per_minute'])
  })

  it('are counted anew once a person lets the agent go on', () => {
    const breakers = new Breakers()
    expect(calls(breakers, 1_000, 3_600)?.[0]).toBe(201)
    expect(calls(breakers, 200, 3_600)).toBeNull()
  })

  it('are nobody’s business where that is switched off', () => {
    const breakers = new Breakers()
    expect(Array.from({ length: 1_000 }, (_, n) => breakers.called('p:a', 'run', n, { ...defaultBreakers, enabled: false })).every((trip) => trip === null)).toBe(true)
  })
})

describe('subagents', () => {
  const settings = { ...defaultBreakers, subagentsAtOnce: 2, subagentsPerRun: 3 }
  const spawn = (breakers: Breakers, run = 'run', nested = false) => breakers.spawn('p:a', run, nested, settings)?.rule ?? null

  it('T22: are as many at once as are allowed, and no more', () => {
    const breakers = new Breakers()
    for (const id of ['s1', 's2']) {
      expect(spawn(breakers)).toBeNull()
      breakers.subagent('p:a', 'run', id, true)
    }
    expect(spawn(breakers)).toBe('breakers.subagents_at_once')
    breakers.subagent('p:a', 'run', 's1', false)
    expect([spawn(breakers), breakers.subagents('p:a')]).toEqual([null, 1])
  })

  it('T22: are as many in a run as are allowed; the next run begins anew', () => {
    const breakers = new Breakers()
    expect([spawn(breakers), spawn(breakers), spawn(breakers), spawn(breakers)]).toEqual([null, null, null, 'breakers.subagents_per_run'])
    expect(spawn(breakers, 'next')).toBeNull()
  })

  it('T22: have none of their own unless that is allowed', () => {
    expect(spawn(new Breakers(), 'run', true)).toBe('breakers.nested_subagents')
    expect(new Breakers().spawn('p:a', 'run', true, { ...settings, nestedSubagents: true })).toBeNull()
  })
})
