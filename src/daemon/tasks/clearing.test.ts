import { expect, it } from 'vitest'
import type { Changing, Waits } from '../changing.ts'
import type { Desired } from '../desired.ts'
import { Settling } from '../settling.ts'
import { workshop } from '../../../test/fixtures/workshop.ts'
import { clear } from './clearing.ts'

const on = workshop()

it('holds up no other change of the team while those that go take their time', async () => {
  const { incarnation } = await on.run('p:b')
  const task = await on.order('p:b', 'mend it')
  await on.tasks.change(task.id, { type: 'assign', agent: 'p:b' })
  await on.tasks.change(task.id, { type: 'verdict', verdict: { state: 'done', what: '', confidence: 'certain', source: 'tool', since: 0, person: false } })
  const settling = new Settling(on.agents, on.clock, () => ({ state: 'ok' }))
  const reload = async ([address = '']: string[], _env: object, { timeoutMs }: Waits): Promise<void> => await settling.when([address], (state) => state.incarnation === null, timeoutMs)
  const parts = { store: on.store, settling, changing: { reload } as unknown as Changing, desired: { applied: {}, team: on.team } as unknown as Desired, files: on.files, write: () => undefined, edit: async <T>(work: () => Promise<T>) => await on.dispatcher.edit(work) }
  const cleared = clear(parts, false, new AbortController().signal)
  await on.dispatcher.edit(async () => undefined)
  expect(on.agents.get('p:b').incarnation).toBe(incarnation)
  await on.agents.update('p:b', (state) => ({ ...state, incarnation: null }))
  expect((await cleared).cleared).toEqual(['p:b'])
})
