import { describe, expect, it } from 'vitest'
import { afterEnd, noRestarts, restartPolicy, type Ended, type RestartState } from './restart.ts'

const crash = (endedAt: number, ran = 1000): Ended => ({ code: 1, signal: null, failure: null, startedAt: endedAt - ran, endedAt })

function crashes(times: number[], ran?: number): { delays: number[]; last: string } {
  let state: RestartState = noRestarts
  const delays = []
  let last = ''
  for (const at of times) {
    const decision = afterEnd('always', state, crash(at, ran), 0)
    last = decision.do
    state = decision.state
    if (decision.do === 'restart') delays.push(decision.at - at)
  }
  return { delays, last }
}

describe('the restart policy', () => {
  it('doubles the delay from 5 s', () => {
    expect(crashes([0, 200_000, 400_000, 600_000].map((t) => t + 1e6)).delays).toEqual([5_000, 10_000, 20_000, 40_000])
  })

  it('stops doubling at 300 s', () => {
    const spread = Array.from({ length: 12 }, (_, n) => n * 299_000 + 1e6)
    expect(Math.max(...crashes(spread).delays)).toBe(restartPolicy.maxDelay)
  })

  it('puts five failures within ten minutes into quarantine', () => {
    expect(crashes([1, 2, 3, 4, 5].map((n) => n * 60_000)).last).toBe('quarantine')
    expect(crashes([1, 2, 3, 4].map((n) => n * 60_000)).last).toBe('restart')
  })

  it('never puts an agent into quarantine for what its terminal server did, but brings it back ever more slowly', () => {
    let state = noRestarts
    const delays = [1, 2, 3, 4, 5, 6, 7].map((minute) => {
      const decision = afterEnd('always', state, { ...crash(minute * 60_000), code: null, lost: true }, 0)
      state = decision.state
      return decision.do === 'restart' ? decision.at - minute * 60_000 : decision.do
    })
    expect(delays).toEqual([5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000])
    expect(state).toMatchObject({ count: 7, failures: [] })
    expect(afterEnd('always', { ...state, failures: [1, 2, 3, 4] }, crash(500_000), 0).do).toBe('quarantine')
  })

  it('forgets everything after a healthy run', () => {
    const { delays } = crashes([1e6, 2e6, 3e6], restartPolicy.healthyAfter)
    expect(delays).toEqual([5_000, 5_000, 5_000])
  })

  it('adds up to a fifth of jitter', () => {
    const decision = afterEnd('always', noRestarts, crash(1000), 0.999)
    expect(decision).toMatchObject({ do: 'restart', at: 1000 + 5999 })
  })

  it('treats a clean exit as the mode says', () => {
    const clean = { ...crash(1000), code: 0 }
    expect(afterEnd('always', noRestarts, clean, 0).do).toBe('restart')
    expect(afterEnd('on-failure', noRestarts, clean, 0)).toMatchObject({ do: 'stop', why: 'done' })
    expect(afterEnd('never', noRestarts, clean, 0)).toMatchObject({ do: 'stop', why: 'done' })
    expect(afterEnd('never', noRestarts, crash(1000), 0)).toMatchObject({ do: 'stop', why: 'failed', code: 1 })
  })

  it('blocks on credentials and configuration, parks on a spent quota, without counting', () => {
    const fails = (kind: 'auth' | 'config' | 'quota') =>
      afterEnd('always', noRestarts, { ...crash(1), failure: { class: kind, why: 'because', until: 77 } }, 0)
    expect(fails('auth')).toEqual({ do: 'block', why: 'because', state: noRestarts })
    expect(fails('config')).toEqual({ do: 'block', why: 'because', state: noRestarts })
    expect(fails('quota')).toEqual({ do: 'park', until: 77, why: 'because', state: noRestarts })
  })
})
