import { expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { patientJson } from './patient.ts'

/** Timers that run when they are told to. */
function steps() {
  const waiting: (() => void)[] = []
  const clock = { ...systemClock, after: (_ms: number, fn: () => void) => (waiting.push(fn), () => void waiting.splice(waiting.indexOf(fn) >>> 0, 1)) }
  return { clock, waiting, run: () => waiting.splice(0).forEach((fn) => fn()) }
}

const never = (error: unknown): void => expect(error).toBeNull()

it('answers at once where it can', async () => {
  const response = await patientJson(Promise.resolve({ a: 1 }), steps().clock, never)
  expect(await response.text()).toBe('{"a":1}')
})

it('keeps the connection alive with blanks, and is JSON all the same', async () => {
  const { clock, waiting, run } = steps()
  const later = Promise.withResolvers<unknown>()
  const pending = patientJson(later.promise, clock, never)
  run()
  const response = await pending
  const text = response.text()
  run()
  later.resolve({ a: 1 })
  expect(await text).toBe('  {"a":1}')
  expect(JSON.parse(await text)).toEqual({ a: 1 })
  await expect.poll(() => waiting).toEqual([])
})

it('breaks off where it fails: that is no answer', async () => {
  const { clock, run } = steps()
  const later = Promise.withResolvers<unknown>()
  const reports: unknown[] = []
  const pending = patientJson(later.promise, clock, (error) => reports.push(error))
  run()
  const response = await pending
  const text = response.text()
  later.reject(new Error('broken'))
  await expect(text).rejects.toThrow()
  expect(reports).toHaveLength(1)
})
