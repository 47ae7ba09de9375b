import { expect, it, vi } from 'vitest'
import type { Phase } from '../../core/phase.ts'
import { enter } from '../../core/plan.ts'
import { noWish, type Task } from '../../core/task.ts'
import { findAgent } from '../../core/team.ts'
import { cutShort, ownTask } from '../handlers/task.ts'
import { workshop } from '../../../test/fixtures/workshop.ts'

const on = workshop()
const bound = { timeout: 10_000 }

/** One turn of an agent, with the task before it. */
async function turn(address: string, incarnation: string, task: Task, words?: string): Promise<void> {
  await vi.waitFor(async () => expect((await on.task(task)).message).not.toBeNull(), bound)
  await on.proof(address, incarnation, (await on.task(task)).message ?? '')
  await on.phase(address, 'busy')
  if (words !== undefined) on.following.said(address, words, on.clock.now())
  on.clock.skip(10)
  await on.phase(address, 'idle')
}

async function told(address: string, phase: Phase, source: string): Promise<void> {
  on.clock.skip(10)
  await on.agents.update(address, (state) => enter(state, phase, { at: on.clock.now(), what: '', source }))
}

/** A task before a worker that is at work on it. */
async function underWay(address: string, incarnation: string): Promise<Task> {
  const task = await on.order(address, 'mend it')
  await vi.waitFor(async () => expect((await on.task(task)).message).not.toBeNull(), bound)
  await on.proof(address, incarnation, (await on.task(task)).message ?? '')
  await told(address, { name: 'busy' }, 'hook')
  await vi.waitFor(async () => expect(await on.stateOfTask(task)).toBe('working'), bound)
  return task
}

it('follows the task that a worker has, not one that waits for its turn or was taken back', async () => {
  const { incarnation } = await on.run('p:b')
  const first = await on.order('p:b', 'mend it')
  await vi.waitFor(async () => expect(await on.stateOfTask(first)).toBe('assigned'), bound)
  const [second, third] = [await on.order('p:b', 'paint it'), await on.order('p:b', 'sell it')]
  await on.tasks.change(third.id, { type: 'cancel', why: 'taken back' })
  await turn('p:b', incarnation, first, 'mended')
  await vi.waitFor(async () => expect(await on.stateOfTask(first)).toBe('done'), bound)
  await turn('p:b', incarnation, second, 'painted')
  await vi.waitFor(async () => expect(await on.stateOfTask(second)).toBe('done'), bound)
  await on.tasks.change(first.id, { type: 'again' })
  await vi.waitFor(async () => expect(await on.stateOfTask(first)).toBe('assigned'), bound)
  await turn('p:b', incarnation, first, 'mended')
  await vi.waitFor(async () => expect(await on.stateOfTask(first)).toBe('done'), bound)
  expect([(await on.task(first)).result, (await on.task(second)).result]).toEqual(['mended', 'painted'])
})

it('takes words from before a task was given for nothing that came of it', async () => {
  const { incarnation } = await on.run('p:b')
  on.following.said('p:b', 'I can see the picture of yesterday', on.clock.now())
  on.clock.skip(10)
  const task = await on.order('p:b', 'mend it')
  await vi.waitFor(async () => expect((await on.task(task)).message).not.toBeNull(), bound)
  await on.agents.update('p:b', (state) => ({ ...state, incarnation: null, phase: { name: 'quarantined', why: 'too often' } }))
  await vi.waitFor(async () => expect(await on.stateOfTask(task)).toBe('failed'), bound)
  expect([(await on.task(task)).result, incarnation]).toEqual([null, incarnation])
})

it('refuses a key that is used twice in one order, and makes nothing of it', async () => {
  const draft = { id: '1', key: 'k', project: 'p', title: 't', text: 't', source: 'cli', by: 'user', origin: null, after: [], wish: { ...noWish, agent: 'p:b' }, agent: 'p:b', taint: [] } as const
  await expect(on.tasks.add([{ ...draft, after: [], taint: [] }, { ...draft, id: '2', text: 'u', after: [], taint: [] }])).rejects.toMatchObject({ code: 'conflict' })
  const [one, two] = await on.tasks.add([{ ...draft, after: [], taint: [] }, { ...draft, id: '2', after: [], taint: [] }])
  expect([one?.again, two?.again, two?.task.id]).toEqual([false, true, '1'])
})

it('takes nobody for done whom a ceiling stopped and freed again, or whom a person let go on; and has the work gone on with', async () => {
  const { incarnation } = await on.run('p:b')
  const task = await underWay('p:b', incarnation)
  for (const [kept, source] of [[{ name: 'parked', until: null, why: '$20 spent', cut: true }, 'budget'], [{ name: 'blocked', why: 'not logged in' }, 'operator']] as const) {
    await told('p:b', kept, 'hook')
    await vi.waitFor(async () => expect(await on.stateOfTask(task)).toBe('waiting'), bound)
    await told('p:b', { name: 'idle' }, source)
    await vi.waitFor(async () => expect(await on.stateOfTask(task)).not.toBe('waiting'), bound)
    expect(await on.stateOfTask(task)).toBe('working')
  }
  const goOn = async (): Promise<string[]> => (await on.store.read((db) => db.messages.list({ agent: 'p:b', limit: 5 }))).filter(({ message }) => message.from === 'troupe').map(({ message }) => message.text)
  await vi.waitFor(async () => expect(await goOn()).toEqual([expect.stringContaining('was cut off. Go on')]), bound)
  await told('p:b', { name: 'busy' }, 'hook')
  await told('p:b', { name: 'idle' }, 'hook')
  await vi.waitFor(async () => expect(await on.stateOfTask(task)).toBe('done'), bound)
})

it('leaves a task open whose turn a person interrupted, until the end of another turn', async () => {
  const { incarnation } = await on.run('p:b')
  const task = await underWay('p:b', incarnation)
  await cutShort(on, 'p:b')
  await told('p:b', { name: 'idle' }, 'hook')
  await on.proof('p:b', incarnation, (await on.post('user', 'p:b', 'use the other key')).id)
  expect((await on.task(task)).state).toMatchObject({ name: 'waiting', person: true, what: expect.stringContaining('interrupted') })
  await told('p:b', { name: 'busy' }, 'hook')
  await vi.waitFor(async () => expect(await on.stateOfTask(task)).toBe('working'), bound)
  const goesOn = await cutShort(on, 'p:b')
  expect(await on.stateOfTask(task)).toBe('waiting')
  await goesOn()
  expect(await on.stateOfTask(task)).toBe('working')
  await told('p:b', { name: 'idle' }, 'hook')
  await vi.waitFor(async () => expect(await on.stateOfTask(task)).toBe('done'), bound)
})

it('ends the task of a worker that left the team', async () => {
  const { incarnation } = await on.run('p:b')
  const task = await underWay('p:b', incarnation)
  await on.agents.update('p:b', (state) => enter({ ...state, wanted: 'stopped', incarnation: null }, { name: 'stopped', why: 'asked', code: null }, { at: on.clock.now(), what: '', source: 'operator' }))
  await vi.waitFor(async () => expect(await on.stateOfTask(task)).toBe('waiting'), bound)
  on.team = { ...on.team, projects: on.team.projects.map((project) => ({ ...project, agents: project.agents.filter(({ id }) => id !== 'b') })) }
  await on.store.write(async (tx) => await tx.journal({ type: 'team.applied', subject: 'team', agent: null, data: {} }))
  await vi.waitFor(async () => expect((await on.task(task)).state).toMatchObject({ name: 'failed', why: 'its worker is not in the team any more' }), bound)
})

it('takes what a worker says of its task for the one that it had, while the next is still on its way', async () => {
  const { incarnation } = await on.run('p:b')
  const first = await on.order('p:b', 'mend it')
  await turn('p:b', incarnation, first)
  await vi.waitFor(async () => expect(await on.stateOfTask(first)).toBe('done'), bound)
  await told('p:b', { name: 'waiting', what: 'a permission' }, 'hook')
  const second = await on.order('p:b', 'paint it')
  await vi.waitFor(async () => expect((await on.task(second)).message).not.toBeNull(), bound)
  const worker = findAgent(on.team, 'p:b')
  if (worker === undefined) throw new Error('no worker')
  expect((await ownTask(on, worker)).n).toBe(first.n)
  await on.proof('p:b', incarnation, (await on.task(second)).message ?? '')
  expect((await ownTask(on, worker)).n).toBe(second.n)
})

it('tells a lead of an end once more where it could not be told at once', async () => {
  const heard: string[] = []
  on.tell = async (to) => {
    if (heard.push(to) === 1) throw new Error('the database is away')
  }
  const draft = { id: '1', key: null, project: 'p', title: 't', text: 't', source: 'lead', by: 'p:a', origin: null, after: [], wish: { ...noWish, agent: 'p:z' }, agent: 'p:z', taint: [] } as const
  await on.tasks.add([{ ...draft, after: [], taint: [] }])
  await on.tasks.change('1', { type: 'assign', agent: 'p:z' })
  await on.tasks.change('1', { type: 'verdict', verdict: { state: 'done', what: '', confidence: 'certain', source: 'tool', since: 0, person: false } })
  await vi.waitFor(() => expect(heard).toEqual(['p:a', 'p:a']), bound)
  expect(on.faults.splice(0)).toEqual([new Error('the database is away')])
})

it.each([['the same', 'Your last run ended in the middle of task #1. Go on where it was cut off; if nothing was left to do, say so.'], ['another', expect.stringMatching(/say so\.\n\nmend it$/)]])('tells a run with %s conversation that it was cut off, and what it cannot know', async (which, text) => {
  const { incarnation } = await on.run('p:b')
  await on.store.write(async (tx) => await tx.incarnations.insert({ id: incarnation, agent: 'p:b', tokenHash: 'x', pane: null, pid: null, session: 'the first', startedAt: 0, ended: null }))
  const task = await underWay('p:b', incarnation)
  await on.store.write(async (tx) => await tx.deliveries.update((await on.task(task)).message ?? '', 'p:b', ['delivered'], { state: 'acked', ackedAt: on.clock.now() }))
  await on.agents.update('p:b', (state) => ({ ...state, session: which === 'another' ? 'the second' : 'the first' }))
  await on.run('p:b')
  const newest = async (): Promise<string | undefined> => (await on.store.read((db) => db.messages.list({ agent: 'p:b', limit: 1 })))[0]?.message.text
  await vi.waitFor(async () => expect(await newest()).toEqual(text), bound)
})

it('judges how a one-shot run ended though its agent is started again at once: nobody knows what came of it', async () => {
  on.team = { ...on.team, projects: on.team.projects.map((project) => ({ ...project, agents: project.agents.map((agent) => ({ ...agent, mode: 'oneshot' as const })) })) }
  const task = await on.order('p:b', 'mend it')
  await vi.waitFor(async () => expect(await on.stateOfTask(task)).not.toBe('queued'), bound)
  await told('p:b', { name: 'busy' }, 'hook')
  await vi.waitFor(async () => expect(await on.stateOfTask(task)).toBe('working'), bound)
  // The database is slow to answer meanwhile.
  const { promise: answers, resolve: answer } = Promise.withResolvers<void>()
  const read = on.store.read.bind(on.store)
  on.store.read = async (work) => (await answers, await read(work))
  await told('p:b', { name: 'stopped', why: 'failed', code: null }, 'process')
  await told('p:b', { name: 'stopped', why: 'asked', code: null }, 'operator')
  await told('p:b', { name: 'starting' }, 'daemon')
  answer()
  await on.following.settled('p:b')
  expect((await on.task(task)).state).toMatchObject({ name: 'failed', why: 'its process ended, how is not known' })
})
