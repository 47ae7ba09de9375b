import { describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import type { Typing } from '../../core/supervisor.ts'
import { attach, lastImage } from './attach.ts'

const rule = '─'.repeat(40)
const screen = (box: string) => `● done [Image #7]\n${rule}\n❯ ${box}\n${rule}\n  ⏸ manual mode on`
const pictures = [1, 2].map((n) => ({ label: `[attachment #${n} of mail #4]`, file: `/a/${n}.png` }))

describe('pictures in the input box', () => {
  it('are known by what ends the box, not by what was said before', () => {
    expect(lastImage(screen('look [Image #12]  '))).toBe('12')
    expect(lastImage(screen('look [Ima\n  ge #1\n  2]'))).toBe('12')
    expect(lastImage(screen('look [Image #12] and'))).toBeNull()
    expect(lastImage(screen(''))).toBeNull()
    expect(lastImage('')).toBeNull()
  })

  it('are waited for one after the other; once one is not taken the rest are left out', async () => {
    const typed: string[] = []
    let box = ''
    let late = 2
    let elapsed = 0
    const clock = { ...systemClock, elapsed: () => (elapsed += 10), after: (ms: number, fn: () => void) => ((elapsed += ms), systemClock.after(0, fn)) }
    const terminal = {
      type: async (input: Typing[]) => void typed.push(...input.map((each) => ('paste' in each ? each.paste : 'a key'))),
      screen: async () => {
        if (typed.at(-1) === '/a/1.png' && (late -= 1) < 0) box = `words ${pictures[0]!.label} [Image #3]`
        return screen(box)
      },
    }
    await attach([...pictures, ...pictures], terminal, clock)
    expect(typed).toEqual([`\n${pictures[0]!.label} `, '/a/1.png', `\n${pictures[1]!.label} `, '/a/2.png'])
  })
})
