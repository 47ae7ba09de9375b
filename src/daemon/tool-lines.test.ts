import { expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { ToolLines } from './tool-lines.ts'

it('tells who listens now and who was heard, each incarnation by itself', () => {
  const lines = new ToolLines(systemClock)
  const line = lines.of('a')
  expect([line.open(), line.heardAt()]).toEqual([false, null])
  const [first, second] = [new AbortController(), new AbortController()]
  lines.heard('a', first.signal)
  lines.heard('a', second.signal)
  // Who listens has not asked for the tools yet.
  expect(line.heardAt()).toBeNull()
  lines.heard('a', null)
  first.abort()
  expect([line.open(), typeof line.heardAt()]).toEqual([true, 'number'])
  expect(lines.of('b').heardAt()).toBeNull()
  second.abort()
  expect(line.open()).toBe(false)
  lines.heard('a', AbortSignal.abort())
  expect(line.open()).toBe(false)
  lines.forget('a')
  expect(line.heardAt()).toBeNull()
})
