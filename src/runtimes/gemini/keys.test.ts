import { join } from 'node:path'
import { expect, it } from 'vitest'
import { testFolder } from '../../../test/fixtures/folder.ts'
import { systemClock, type Clock } from '../../core/clock.ts'
import type { Attempt, Terminal } from '../../core/runtime.ts'
import { Keys } from './keys.ts'
import { Unentered } from './unentered.ts'

const box = (words: string): string => ['  ? for shortcuts', '─'.repeat(60), ' Shift+Tab to accept edits', '▄'.repeat(60), ` > ${words}`, '▀'.repeat(60), ' workspace (/directory)        /model', ' /work          gemini-2.5-flash'].join('\n')
const [empty, filled] = [box('  Type your message or @path/to/file'), box('[Pasted Text: 9 lines]')]
const proved: Attempt = { result: 'proved', proof: 'hook', what: 'BeforeAgent echoed it' }

/** A Gemini CLI that draws a paste `slow` looks later, and takes the first `eaten` Enters for a part of it. */
function terminal(slow: number, eaten: number, words = filled): { terminal: Terminal; enters: string[]; taken: Promise<Attempt> } {
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
        return Promise.resolve(holds === 'filled' ? words : empty)
      },
    },
  }
}

/** A second in ten milliseconds. */
const hasty: Clock = { now: () => Date.now(), elapsed: () => performance.now() * 100, after: (ms, run) => systemClock.after(ms / 100, run) }
const unheard = async (): Promise<null> => null
const message = { text: 'words', marker: 'm' }
const file = (): string => join(testFolder('gemini-keys-'), 'pasting')

// Waited for as an echo is, an Enter that was eaten cost 8 s of each message.
it.each([
  [0, 0, ['filled']],
  [3, 0, ['filled']],
  [1, 2, ['filled', 'filled', 'filled']],
])('enters a paste once it is drawn (after %i looks), and again where the Enter was taken for a part of it (%i times)', async (slow, eaten, enters) => {
  const gemini = terminal(slow, eaten)
  const waited: number[] = []
  const echo = async (ms: number): Promise<Attempt | null> => (waited.push(ms), await Promise.race([gemini.taken, new Promise<null>((resolve) => setTimeout(resolve, 100, null))]))
  expect(await new Keys(gemini.terminal, hasty, new Unentered(file())).paste(message, echo)).toEqual(proved)
  expect(gemini.enters).toEqual(enters)
  expect(waited).toHaveLength(1)
})

it('enters later what it typed and saw stay in the box, and nothing that somebody has written to it', async () => {
  const gemini = terminal(0, 7)
  const keys = new Keys(gemini.terminal, hasty, new Unentered(file()))
  expect(await keys.paste(message, unheard)).toBeNull()
  expect(gemini.enters).toHaveLength(6)
  const more: Terminal = { ...gemini.terminal, screen: async () => (await gemini.terminal.screen()).replace('9 lines]', '9 lines] and I say') }
  const noted = join(testFolder('gemini-keys-'), 'pasting')
  new Unentered(noted).begin('m')
  expect(await new Keys(more, hasty, new Unentered(noted)).enterLeft()).toBeNull()
  expect(gemini.enters).toHaveLength(6)
  expect(await keys.enterLeft()).toEqual({ marker: 'm', gone: true })
  expect(await keys.enterLeft()).toBeNull()
})

it('enters what an earlier daemon had pasted when it ended, and takes a paste that no daemon made for a person’s', async () => {
  const pasting = file()
  const gemini = terminal(0, 6)
  await new Keys(gemini.terminal, hasty, new Unentered(pasting)).paste(message, unheard)
  const enters = gemini.enters.length
  expect(await new Keys(gemini.terminal, hasty, new Unentered(file())).enterLeft()).toBeNull()
  expect(gemini.enters).toHaveLength(enters)
  expect(await new Keys(gemini.terminal, hasty, new Unentered(pasting)).enterLeft()).toEqual({ marker: 'm', gone: true })
})

it('presses no Enter into a question that came up instead of an echo', async () => {
  const gemini = terminal(0, 0)
  const question = ['╭──────────╮', '│ Allow execution of [Shell]? │', '│ ● 1. Allow once │', '╰──────────╯'].join('\n')
  const asks: Terminal = { ...gemini.terminal, screen: async () => (gemini.enters.length > 0 ? question : await gemini.terminal.screen()) }
  expect(await new Keys(asks, hasty, new Unentered(file())).paste(message, unheard)).toBeNull()
  expect(gemini.enters).toEqual(['filled'])
})

it('knows a whole envelope for troupe’s, broken over lines, and not one that somebody has added to', () => {
  const id = '11111111-1111-4111-8111-111111111111'
  const shown = `[mail #7 · from lead · trust peer · via dm · id\n${id}]\n<<<f00\nhello\nf00>>>\nWhen you are done with it: inbox_ack with\nids [7].`
  const keys = new Keys(terminal(0, 0).terminal, hasty, new Unentered(file()))
  const drawn = { inShell: false, working: false, dialog: null }
  expect(keys.left({ ...drawn, draft: shown })).toBe(id)
  expect(keys.left({ ...drawn, draft: `${shown} Yes, do it.` })).toBeNull()
  expect(keys.left({ ...drawn, draft: shown, inShell: true })).toBeNull()
})

it('answers no question once another call was announced: of a tool’s call its name alone is shown', async () => {
  const gemini = terminal(0, 0)
  const question = ['╭──────────╮', '│ Tool: erase │', '│ ● 1. Allow once │', '╰──────────╯'].join('\n')
  const asks: Terminal = { ...gemini.terminal, screen: () => Promise.resolve(question) }
  const keys = new Keys(asks, hasty, new Unentered(file()))
  const call = { tool: 'mcp_disk_erase', input: { file: 'a' } }
  expect(await keys.answer(call, 'approve', () => false)).toBe(false)
  expect(gemini.enters).toEqual([])
  expect(await keys.answer(call, 'approve', () => true)).toBe(true)
})
