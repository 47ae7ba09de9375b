import { describe, expect, it } from 'vitest'
import { homedir, hostname } from 'node:os'
import { corpus, isFalse, isMissed, readings, type Reading } from './corpus.ts'

const all = await readings()
const runtimes = [...new Set(all.map(({ runtime }) => runtime))]
const shown = (found: Reading[]) => found.map(({ runtime, name, read }) => `${runtime}/${name} was read as ${read ?? 'nothing'}`)

describe('the state that a screen shows', () => {
  it('has a corpus of every agent CLI, in every state, in windows of more sizes than one, a third of it held out', () => {
    for (const runtime of runtimes) {
      const screens = all.filter((each) => each.runtime === runtime)
      expect(screens.map(({ truth }) => truth)).toEqual(expect.arrayContaining(['idle', 'busy', 'waiting']))
      for (const size of ['narrow', 'usual']) expect(screens.some(({ name }) => name.endsWith(size))).toBe(true)
      expect(screens.some(({ heldOut }) => heldOut)).toBe(true)
    }
    const heldOut = all.filter((each) => each.heldOut).length
    expect([heldOut / all.length > 0.25, heldOut / all.length < 0.42]).toEqual([true, true])
  })

  it('has nothing of the machine it was made on', () => {
    const own = [homedir(), hostname(), process.cwd(), 'troupe-runtime-'].filter((each) => each.length > 4)
    expect(corpus().filter(({ text }) => own.some((each) => text.includes(each))).map(({ name }) => name)).toEqual([])
  })

  it.each(['idle', 'waiting', 'busy'] as const)('is never told falsely: %s, also of the screens that were held out', (state) => {
    expect(shown(all.filter((each) => each.read === state && isFalse(each)))).toEqual([])
  })

  it('is missed on none of the screens that the readers were written by', () => {
    expect(shown(all.filter((each) => !each.heldOut && isMissed(each)))).toEqual([])
  })
})
