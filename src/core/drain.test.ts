import { expect, it } from 'vitest'
import { lastWords, saveText } from './drain.ts'
import type { Phase } from './phase.ts'

const able = { resumes: true, worked: true, answers: true }
const loses = { ...able, resumes: false }
const idle: Phase = { name: 'idle' }
const busy: Phase = { name: 'stopping', during: 'busy' }

it('asks nothing of an idle agent that goes on with its conversation later, or that did nothing', () => {
  expect(lastWords(idle, able)).toEqual({ ask: false, until: 'nothing' })
  expect(lastWords(idle, { ...loses, worked: false })).toEqual({ ask: false, until: 'nothing' })
})

it('has an idle agent save what would be lost, in one turn', () => {
  expect(lastWords(idle, loses)).toEqual({ ask: true, until: 'ready' })
})

it('lets a turn come to its end, and tells it', () => {
  expect(lastWords(busy, able)).toEqual({ ask: true, until: 'idle' })
  expect(lastWords(busy, loses)).toEqual({ ask: true, until: 'ready' })
  expect(lastWords(busy, { ...loses, answers: false })).toEqual({ ask: false, until: 'idle' })
})

it('waits for nobody who cannot answer', () => {
  const phases: Phase[] = [{ name: 'starting' }, { name: 'stopping' }, { name: 'waiting', what: 'a permission' }, { name: 'parked', until: null, why: 'limit' }]
  for (const phase of phases) expect(lastWords(phase, loses)).toEqual({ ask: false, until: 'nothing' })
  expect(lastWords(idle, { ...loses, answers: false })).toEqual({ ask: false, until: 'nothing' })
})

it('says where to write, and how long there is', () => {
  expect(saveText('reload: mcps.git', '/r/state/agents/p-a/context.md', 9_500)).toMatch(/\(reload: mcps\.git\), in 10 s[^]*\/r\/state\/agents\/p-a\/context\.md[^]*ready/)
})
