import { expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import type { Attempt, Terminal } from '../../core/runtime.ts'
import { Keys } from './keys.ts'

const box = (words: string): string => ['  ? for shortcuts', '─'.repeat(60), ' Shift+Tab to accept edits', '▄'.repeat(60), ` > ${words}`, '▀'.repeat(60), ' workspace (/directory)        /model', ' /work          gemini-2.5-flash'].join('\n')
const [empty, filled] = [box('  Type your message or @path/to/file'), box('[Pasted Text: 9 lines]')]
const proved: Attempt = { result: 'proved', proof: 'hook', what: 'BeforeAgent echoed it' }

/** A Gemini CLI that draws a paste `slow` looks later, and takes the first `eaten` Enters for a part of it. */
function terminal(slow: number, eaten: number): { terminal: Terminal; enters: string[]; taken: Promise<Attempt> } {
  const enters: string[] = []
  let holds: 'empty' | 'filled' = 'empty'
  let drawn = -1
  let take: (attempt: Attempt) => void = () => undefined
  const taken = new Promise<Attempt>((resolve) => (take = resolve))
  return {
    enters,
    taken,
    terminal: {
      type: (input) => {
        if (input.some((each) => 'paste' in each)) drawn = slow
        else if (enters.push(holds) > eaten && holds === 'filled') {
          holds = 'empty'
          take(proved)
        }
        return Promise.resolve()
      },
      screen: () => {
        if (drawn-- === 0) holds = 'filled'
        return Promise.resolve(holds === 'filled' ? filled : empty)
      },
    },
  }
}

// Waited for as an echo is, an Enter that was eaten cost 8 s of each message.
it.each([
  [0, 0, ['filled']],
  [3, 0, ['filled']],
  [1, 2, ['filled', 'filled', 'filled']],
])('enters a paste once it is drawn (after %i looks), and again where the Enter was taken for a part of it (%i times)', async (slow, eaten, enters) => {
  const gemini = terminal(slow, eaten)
  const waited: number[] = []
  const echo = async (ms: number): Promise<Attempt | null> => (waited.push(ms), await Promise.race([gemini.taken, new Promise<null>((resolve) => setTimeout(resolve, 100, null))]))
  expect(await new Keys(gemini.terminal, systemClock).paste('words', echo)).toEqual(proved)
  expect(gemini.enters).toEqual(enters)
  expect(waited).toHaveLength(1)
})
