import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { enter, onEnded, onSignal, plan } from '../core/plan.ts'
import type { AgentState } from '../core/phase.ts'
import { noRestarts, type FailureClass } from '../core/restart.ts'
import type { Signal } from '../core/runtime.ts'
import type { Observed } from '../core/supervisor.ts'
import type { Agent, RestartMode } from '../core/team.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { Agents } from './agents.ts'

const address = 'p:a'
let folder: string
let store: Store

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'agents-'))
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock: systemClock })
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

type Step = (state: AgentState, mode: RestartMode, at: number) => AgentState

const seen = (at: number) => ({ at, what: 'seen', source: 'hook' })
const said = (signal: (at: number) => Signal): Step => (state, _mode, at) => onSignal(state, signal(at), 0.3)
const failed = (kind: FailureClass, ms: number | null): Step =>
  said((at) => ({ type: 'failure', class: kind, why: kind, until: ms === null ? null : at + ms, fix: 'mend it', evidence: seen(at) }))
const ended = (code: number | null, lost: boolean): Step => (state, mode, at) =>
  state.incarnation === null ? state : onEnded(state, { restart: mode }, { code, signal: null, failure: null, startedAt: state.since, endedAt: at, lost }, 0.3)

/** Everything that changes what is known of an agent. */
const steps: Record<string, Step> = {
  up: (state) => ({ ...state, wanted: 'running' }),
  launch: (state, _mode, at) => (state.incarnation === null ? enter({ ...state, incarnation: `i${at}` }, { name: 'starting' }, seen(at)) : state),
  ready: said((at) => ({ type: 'ready', evidence: seen(at) })),
  busy: said((at) => ({ type: 'busy', evidence: seen(at) })),
  idle: said((at) => ({ type: 'idle', evidence: seen(at) })),
  session: said((at) => ({ type: 'session', id: `s${at}`, evidence: seen(at) })),
  quota: failed('quota', 60_000),
  'quota without end': failed('quota', null),
  auth: failed('auth', null),
  cut: failed('transient', null),
  clean: ended(0, false),
  crash: ended(1, false),
  lost: ended(null, true),
  stop: (state, _mode, at) => enter({ ...state, wanted: 'stopped' }, state.incarnation === null ? { name: 'stopped', why: 'asked', code: null } : { name: 'stopping' }, seen(at)),
  restart: (state, _mode, at) => enter({ ...state, restarts: noRestarts }, state.incarnation === null ? { name: 'stopped', why: 'asked', code: null } : { name: 'stopping' }, seen(at)),
}

/** What is decided from a state, with and without its process, now and later. */
function decisions(state: AgentState, mode: RestartMode, at: number): unknown[] {
  const agents = [{ address, restart: mode } as Agent]
  const known = { state, launched: true, watched: true, stop: null, backoffLeft: state.phase.name === 'backoff' ? state.phase.until - at : null }
  const alive: Observed[] = state.incarnation === null ? [] : [{ address, incarnation: state.incarnation, pane: '%1', pid: 7, state: { alive: true } }]
  return [...[at, at + 120_000].flatMap((now) => [plan(agents, [known], [], now), plan(agents, [known], alive, now)]), ended(1, false)(state, mode, at + 1).phase]
}

it('loses nothing to kill -9 after any step: the next daemon knows the same and decides the same, in every restart mode', async () => {
  const history = fc.array(fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.integer({ min: 1, max: 200_000 })), { minLength: 5, maxLength: 25 })
  const met = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.constantFrom<RestartMode>('always', 'on-failure', 'never'), history, async (mode, lines) => {
      const mine = new Agents(store, systemClock)
      await mine.load()
      await mine.update(address, () => ({ ...mine.get('p:nobody'), address }))
      let at = 1_000_000
      for (const [name, ms] of lines) {
        at += ms
        const before = await mine.update(address, (state) => steps[name]!(state, mode, at))
        const next = new Agents(store, systemClock)
        await next.load()
        expect({ ...next.get(address), evidence: null }).toEqual({ ...before, evidence: null })
        expect(decisions(next.get(address), mode, at)).toEqual(decisions(before, mode, at))
        met.add(before.phase.name)
      }
    }),
    { numRuns: 40, examples: [['always', ['up', ...Array.from({ length: 5 }, () => ['launch', 'crash']).flat()].map((name) => [name, 1_000])]] },
  )
  expect([...met].toSorted()).toEqual(expect.arrayContaining(['backoff', 'blocked', 'parked', 'quarantined', 'stopped', 'stopping']))
}, 120_000)
