import { expect, it } from 'vitest'
import type { Clock } from '../core/clock.ts'
import type { Signal } from '../core/runtime.ts'
import { Echoes } from './echoes.ts'

/** Time that does not pass. */
const still: Clock = { now: () => 0, elapsed: () => 0, after: () => () => {} }
const proof: Signal = { type: 'proof', marker: 'a', proof: 'hook', evidence: { at: 0, what: 'echoed', source: 'hook' } }

it('tells each who waits what became of the message, also where that was known before anybody waited', async () => {
  const known = new Map<string, 'protocol'>()
  const echoes = new Echoes(still, (marker) => known.get(marker) ?? null)
  const [a, b] = [echoes.of('a', 1), echoes.of('b', 1)]
  echoes.heard(proof)
  echoes.tell('b', { result: 'taken', what: 'queued' })
  expect(await a).toEqual({ result: 'proved', proof: 'hook', what: 'echoed' })
  expect(await b).toEqual({ result: 'taken', what: 'queued' })
  known.set('c', 'protocol')
  expect(await echoes.of('c', 1)).toMatchObject({ result: 'proved', proof: 'protocol' })
})

it('keeps nobody waiting once it is closed', async () => {
  const echoes = new Echoes(still, () => null)
  const before = echoes.of('a', 1)
  echoes.close()
  expect([await before, await echoes.of('b', 1)]).toEqual([null, null])
})
