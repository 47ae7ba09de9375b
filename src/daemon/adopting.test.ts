import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { moved } from '../core/fail-over.ts'
import { systemClock } from '../core/clock.ts'
import { launchedAs } from '../core/duty.ts'
import { enter } from '../core/plan.ts'
import type { Runtime, Session, SessionContext } from '../core/runtime.ts'
import type { Agent, Fallback } from '../core/team.ts'
import { teamPaths } from '../config/paths.ts'
import { openStore } from '../store/open.ts'
import { Agents } from './agents.ts'
import { Launching, type LaunchingParts } from './launching.ts'
import { Sessions } from './sessions.ts'

const one = (runtime: string): Fallback => ({ runtime, descriptor: null, model: 'small', mode: 'terminal' })
const declared = { address: 'p:a', id: 'a', project: 'p', runtime: 'alpha', descriptor: null, model: null, mode: 'terminal', fallback: [one('beta')] } as unknown as Agent

it('takes up a process that is ending as what it was started as, whoever comes after it', async () => {
  const root = mkdtempSync(join(tmpdir(), 'launching-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const store = await openStore({ type: 'sqlite', path: join(root, 'mailbox.db') }, { root, host: 'here', env: {}, clock: systemClock })
  onTestFinished(() => store.close())
  const agents = new Agents(store, systemClock)
  const opened: [runtime: string, model: string | null, session: string | null][] = []
  const session: Session = { subscribe: () => () => {}, hook: async () => ({}), deliver: async () => ({ result: 'refused', why: '' }), interrupt: async () => {}, farewell: () => 'signal', close: () => {} }
  const runtimeOf = async ({ runtime: name }: Agent) => ({ name, open: (context: SessionContext) => (opened.push([name, context.agent.model, context.session]), session) }) as unknown as Runtime
  const parts = {
    ...{ store, agents, runtimeOf, sessions: new Sessions(() => {}, () => {}), paths: teamPaths(root), host: () => ({ clock: systemClock }) },
    ...{ front: () => ({ endpoints: { open: async () => {} } }), tools: { of: () => ({}) } },
  }
  const launching = new Launching(parts as unknown as LaunchingParts)
  const run = { pane: '%1', pid: 7 }
  /** As a daemon left it that started it, and died. */
  const leave = async (incarnation: string, as: Agent, talk: string) =>
    await agents.update(
      'p:a',
      (state) => enter({ ...state, wanted: 'running', incarnation, session: talk }, { name: 'idle' }, { at: 1, what: '', source: '' }),
      async (tx) => {
        await tx.incarnations.insert({ id: incarnation, agent: 'p:a', tokenHash: incarnation, ...run, session: talk, startedAt: 1, ended: null })
        await tx.settings.put('launched-as:p:a', launchedAs(as, incarnation))
      },
    )

  // Beta stands in, and alpha can work again.
  await leave('i1', { ...declared, ...one('beta') }, 'talk-of-beta')
  await agents.update('p:a', (state) => ({ ...state, duty: { standIn: one('beta'), from: 'alpha', at: 1, why: '', out: {}, sessions: { alpha: 'talk-of-alpha' }, resumes: false, told: true } }))
  await agents.update('p:a', (state) => moved(declared, state, { to: null, why: '', until: undefined }, 2))
  expect(agents.get('p:a')).toMatchObject({ phase: { name: 'stopping' }, session: 'talk-of-alpha', duty: { standIn: null } })
  await launching.adopt(declared, 'i1', run)
  expect(opened.splice(0)).toEqual([['beta', 'small', 'talk-of-beta']])

  // The files name another program by the time it is taken up.
  await leave('i2', declared, 'talk-of-alpha')
  await launching.adopt({ ...declared, runtime: 'gamma', fallback: [] }, 'i2', run)
  expect(opened.splice(0)).toEqual([['alpha', null, 'talk-of-alpha']])

  // What was written down for another process says nothing of this one.
  await store.write((tx) => tx.settings.put('launched-as:p:a', launchedAs({ ...declared, runtime: 'old' }, 'i0')))
  await launching.adopt(declared, 'i2', run)
  expect(opened).toEqual([['alpha', null, 'talk-of-alpha']])
})
