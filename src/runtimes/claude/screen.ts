import { printable } from '../../core/printable.ts'

/** The input box as it stands on the screen. */
export interface Composer {
  /** `❯` for a prompt, `!` for a shell command. */
  mode: string
  /** What a person (or we) left in it; a grey suggestion is not text. */
  text: string
}

interface Cell {
  char: string
  dim: boolean
  inverse: boolean
}

/**
 * Finds the input box between the last two rules of a screen that was captured with its escapes; null where there is
 * none, as in a dialog. Works in both of Claude's renderers.
 */
export function findComposer(screen: string): Composer | null {
  const lines = screen.split('\n').map(cells)
  const rules = lines.flatMap((line, index) => (/^─{10}/.test(chars(line)) ? [index] : []))
  const [above, below] = rules.slice(-2)
  if (above === undefined || below === undefined || below === above + 1) return null
  const [first = [], ...rest] = lines.slice(above + 1, below)
  const mode = first[0]?.char ?? ''
  if (!['❯', '!', '#', '&'].includes(mode)) return null
  const box = [first.slice(1), ...rest]
  const text = box.map((line) => chars(line).trim()).join('\n').trim()
  return { mode, text: isSuggestion(box.flat()) ? '' : text }
}

/** Grey, but for the first letter, which lies under the cursor. */
function isSuggestion(box: Cell[]): boolean {
  const [first, ...rest] = box.filter((cell) => cell.char.trim() !== '')
  return first !== undefined && (first.dim || (first.inverse && rest.length > 0)) && rest.every((cell) => cell.dim)
}

function chars(line: Cell[]): string {
  return line.map((cell) => cell.char).join('')
}

// eslint-disable-next-line no-control-regex
const token = /\u001b\[([\d;:]*)m|\u001b\[[\d;?]*[A-Za-z]|[\s\S]/gu

function cells(line: string): Cell[] {
  const found: Cell[] = []
  let style = { dim: false, inverse: false }
  for (const [text, codes] of line.matchAll(token)) {
    if (codes !== undefined) style = restyle(style, codes)
    else if (!text.startsWith('\u001b')) found.push({ char: text, ...style })
  }
  return found
}

/** Select Graphic Rendition: 0 resets, 2 dims, 7 inverts, 22 and 27 end them; 38/48 carry colours that are no styles. */
function restyle(before: { dim: boolean; inverse: boolean }, codes: string): { dim: boolean; inverse: boolean } {
  const style = { ...before }
  const numbers = codes === '' ? [0] : codes.split(';').map(Number)
  for (let index = 0; index < numbers.length; index++) {
    const code = numbers[index]
    if (code === 38 || code === 48) index += numbers[index + 1] === 2 ? 4 : 2
    else if (code === 0) Object.assign(style, { dim: false, inverse: false })
    else if (code === 2) style.dim = true
    else if (code === 7) style.inverse = true
    else if (code === 22) style.dim = false
    else if (code === 27) style.inverse = false
  }
  return style
}

/** How far above the input box Claude draws what it is doing. Lines that are not empty. */
const statusLines = 10

/** `✻ 429 rate limited · retrying in 4s · attempt 1/10`, above the input box. The cause stays the same from try to try. */
export function findRetry(screen: string): { line: string; cause: string } | null {
  const lines = screen.split('\n').filter((line) => line.trim() !== '')
  for (const line of lines.slice(-statusLines).toReversed()) {
    const found = /^\s*[^\s\w] ((.{1,200}) · retrying in \d+\S* · attempt \d+\/\d+)\s*$/u.exec(line)
    if (found !== null) return { line: printable(found[1]!), cause: found[2]! }
  }
  return null
}
