import type { ScreenState } from '../../core/runtime.ts'
import { linesOf } from '../screen-lines.ts'
import { short } from '../short.ts'

/** What the CLI waits for, and how a person answers it or is spared it the next time. */
export interface Dialog {
  what: string
  fix: string
  /** Whether its provider refuses: no answer is wanted but to stop trying. */
  limit?: boolean
}

export interface Shown {
  /** Text in the input box; null where none is drawn, as in a dialog. */
  draft: string | null
  /** Drawn in the way that begins a shell command instead of a prompt. */
  inShell: boolean
  working: boolean
  dialog: Dialog | null
}

const select = 'choose with the arrow keys, confirm with Enter'

/** Of the boxes that stand where the input box is otherwise. Nothing an agent says gets there. */
const dialogs: [RegExp, Dialog][] = [
  [/Do you trust the (files in this folder|following folders)/, { what: 'whether this folder is trusted', fix: select }],
  [/How would you like to authenticate|Enter Gemini API Key|Waiting for auth|Select (an )?auth|authorization code/i, { what: 'a login', fix: 'log in there, or run `gemini` once by yourself, or set GEMINI_API_KEY' }],
  [/Usage limit reached/, { what: 'what to do about a used-up usage limit', fix: 'Stop ends the turn; waiting for the reset costs nothing', limit: true }],
  [/experiencing high demand/, { what: 'whether to go on trying', fix: select, limit: true }],
  [/was not found or is invalid|don't have access to|not available in region/, { what: 'another model', fix: 'correct `model` in the project file', limit: true }],
  [/Allow execution|Apply this change|Do you want to (proceed|allow)|Action Required|Allow once/, { what: 'a permission', fix: `${select}; Escape refuses` }],
  [/potential loop was detected/i, { what: 'whether it goes in circles', fix: select }],
  [/Answer Questions|Ask User|Type your (answer|feedback)/i, { what: 'an answer to its question', fix: `${select}; Escape declines to answer` }],
  [/Ready to start implementation|Plan|approve/, { what: 'approval of its plan', fix: select }],
  [/Select Theme|Select Model|Settings/, { what: 'a choice', fix: 'somebody opened it: Escape leaves it' }],
]

export const unknownDialog: Dialog = { what: 'unknown', fix: 'its last lines stand in the evidence; Escape leaves most dialogs' }

/** Words that stand in an empty input box. */
const placeholder = /^(Type your message or @path\/to\/file|Type your shell command|Press '?(i|Esc)'? .*)?$/

/** Below the input box there is a footer of a line or two, and a list while somebody types a command. */
const mostBelow = 6

/** What the end of the screen shows. What agents said stands above it. */
export function look(screen: string): Shown {
  const lines = screen.split('\n').filter((line) => line.trim() !== '')
  const bottom = lines.findLastIndex((line) => /^▀{10}/.test(line))
  const top = lines.findLastIndex((line, index) => index < bottom && /^▄{10}/.test(line))
  const below = lines.slice(bottom + 1)
  const isBox = top >= 0 && bottom > top + 1 && below.length <= mostBelow && below.every((line) => !/^[╭│╰✦✕ℹ]/.test(line.trim()))
  if (!isBox) return { draft: null, inShell: false, working: isWorking(lines.slice(-mostBelow)), dialog: findDialog(lines) }
  const [first = '', ...rest] = lines.slice(top + 1, bottom)
  const text = [first.replace(/^\s*[>!*]\s?/, ''), ...rest].map((line) => line.trim()).join('\n').trim()
  return { draft: placeholder.test(text) ? '' : text, inShell: /^\s*!/.test(first), working: isWorking(lines.slice(Math.max(0, top - 5), top)), dialog: null }
}

/** The same in one word, for where no hook and no session file tells. */
export function looks(screen: string): ScreenState {
  const { draft, working, dialog } = look(linesOf(screen).join('\n'))
  if (dialog !== null) return 'waiting'
  if (working) return 'busy'
  return draft === null ? null : 'idle'
}

/** A moving sign at the edge; in a narrow window nothing that follows it is sure to be there. What an agent says stands further in. */
function isWorking(lines: string[]): boolean {
  // Where its words are too many the end of the line is written over its beginning.
  return lines.some((line) => /^ [⠁-⣿] \S/.test(line) || /^\? for shortcuts\S.*\(esc to/.test(line))
}

/** A box at the very end with choices, one of them marked. */
function findDialog(lines: string[]): Dialog | null {
  const end = lines.findLastIndex((line) => /^\s*╰─/.test(line))
  if (end < 0 || lines.length - 1 - end > mostBelow) return null
  const start = lines.findLastIndex((line, index) => index < end && /^\s*╭─/.test(line) && !/^[│ ]*│ ╭/.test(line))
  const box = lines.slice(Math.max(0, start), end).join('\n')
  // Without a marked choice it is a tool's answer, or a field to write into.
  const choices = /● \d+\. /.test(box)
  const found = dialogs.find(([pattern, { what }]) => (choices || what === 'a login') && pattern.test(box))
  return found?.[1] ?? (choices ? unknownDialog : null)
}

/** The question about exactly this command, with “Allow once” marked. One that takes more than a line is not recognised. */
export function showsQuestion(screen: string, words: string): boolean {
  const lines = screen.split('\n').filter((line) => line.trim() !== '')
  const box = lines.slice(lines.findLastIndex((line) => line.startsWith('╭─')))
  const said = box.some((line) => line.replaceAll('│', '').trim() === words || line.replaceAll('│', '').trim().replace(/^\?\s+\S+\s+/, '') === words)
  return said && box.some((line) => /● 1\. Allow once\s*│?\s*$/.test(line))
}

const shownLines = 6

/** The end of a screen as evidence: short, with nothing a terminal would obey. */
export function lastLines(screen: string): string {
  const lines = screen.split('\n').filter((line) => /[\p{L}\p{N}]/u.test(line))
  return lines.slice(-shownLines).map((line) => short(line.replaceAll(/[│╭╮╰╯─]+/g, ' ').trim())).join(' / ')
}
