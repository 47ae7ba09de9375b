import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { TroupeError } from '../../core/error.ts'
import { workshop } from '../../../test/fixtures/workshop.ts'

const on = workshop()
const bound = { timeout: 10_000 }

it('starts nobody for a task that was taken back while its worker was put into the team', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  on.during.reload = async () => await promise
  const task = await on.order('p:b', 'mend it', { agent: null })
  await vi.waitFor(() => expect(on.lives).toEqual(['reload p:b']), bound)
  await on.tasks.change(task.id, { type: 'cancel', why: 'taken back' })
  await on.agents.update('p:b', (state) => ({ ...state, wanted: 'running' }))
  resolve()
  await vi.waitFor(() => expect(on.agents.get('p:b').wanted).toBe('stopped'), bound)
  expect(on.lives).not.toContain('start p:b')
})

it.each([
  ['are right', new TroupeError('config', 'the files of the team have errors'), 'have errors'],
  ['can be written', Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', syscall: 'open', path: '/team/p.yaml' }), '/team/p.yaml may not be'],
])('goes on with a task once the files that were in its way %s', async (_how, error, said) => {
  await on.run('p:b')
  const files = on.files
  on.files = () => {
    throw error
  }
  const task = await on.order('p:b', 'mend it')
  await vi.waitFor(async () => expect(await on.task(task)).toMatchObject({ state: { name: 'waiting', person: true, what: expect.stringContaining(said) } }), bound)
  on.files = files
  await vi.waitFor(async () => expect((await on.task(task)).message).not.toBeNull(), bound)
})

it('stops whom it started for a task that was taken back meanwhile', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  on.during.start = async () => await promise
  const task = await on.order('p:b', 'mend it')
  await vi.waitFor(() => expect(on.lives).toEqual(['start p:b']), bound)
  await on.tasks.change(task.id, { type: 'cancel', why: 'taken back' })
  resolve()
  await vi.waitFor(() => expect(on.lives).toEqual(['start p:b', 'stop p:b']), bound)
})

it('gives a new worker neither the mail nor the notes nor the conversation of an earlier one of the same name', async () => {
  writeFileSync(join(on.folder, 'p.yaml'), 'workers:\n  a: { runtime: scripted }\n')
  const folder = join(on.folder, 'state/agents/p-b')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'context.md'), 'we use tabs')
  await on.agents.update('p:b', (state) => ({ ...state, session: 'of the one before' }))
  const { message } = await on.mailroom.post({ from: 'user', to: 'p:b', text: 'remove the branch', threadId: null, priority: 'normal', key: null })
  const team = on.team
  on.team = { ...team, projects: team.projects.map((project) => ({ ...project, agents: project.agents.filter(({ id }) => id !== 'b') })) }
  on.during.reload = async () => void (on.team = team)
  const task = await on.order('p:b', 'mend it', { agent: null })
  await vi.waitFor(async () => expect((await on.task(task)).message).not.toBeNull(), bound)
  expect(await on.stateOf(message.id, 'p:b')).toMatchObject({ state: 'dead' })
  expect(existsSync(folder)).toBe(false)
  expect(on.agents.get('p:b').session).toBeNull()
})

it('begins a task of a one-shot worker anew with its own words, whatever that was given since', async () => {
  writeFileSync(join(on.folder, 'p.yaml'), 'workers:\n  b: { runtime: scripted, mode: oneshot, task: sell it, spawned: true }\n')
  on.team = { ...on.team, projects: on.team.projects.map((project) => ({ ...project, agents: project.agents.map((agent) => ({ ...agent, mode: 'oneshot' as const })) })) }
  await on.order('p:b', 'mend it', { agent: null })
  await vi.waitFor(() => expect(on.lives).toEqual(['reload p:b', 'start p:b']), bound)
  expect(on.written.join()).toContain('task: mend it')
})

it('holds what is for a worker that the team has no more, instead of waiting for it without an end', async () => {
  const task = await on.order('p:z', 'mend it')
  await vi.waitFor(async () => expect((await on.task(task)).state).toMatchObject({ name: 'queued', held: true, why: 'held: p:z is not in the team' }), bound)
})
