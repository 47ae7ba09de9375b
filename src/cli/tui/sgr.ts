import { escapeLine } from '../text.ts'
import { plain, type Line, type Span, type Style } from './cells.ts'

/** Links, titles and other strings for the terminal: nothing of them is text. */
const strings = /\u001b[\]P_^X][^\u0007\u001b]*(?:\u0007|\u001b\\)?/g
/** Any other sequence that is not SGR: dropped whole, so that its letters do not show as text. */
const others = /\u001b(?:\[[0-?]*[ -/]*[@-ln-~]|[ -/]+[0-~])/g
const sgrSequence = /\u001b\[([0-9;:]*)m/
/** Line drawing of the old kind, between shift-out and shift-in. */
const drawing: Record<string, string> = { j: '┘', k: '┐', l: '┌', m: '└', n: '┼', q: '─', t: '├', u: '┤', v: '┴', w: '┬', x: '│' }

const attributes = new Set([1, 2, 3, 4, 7, 9])
const ended: Record<number, number[]> = { 22: [1, 2], 23: [3], 24: [4], 27: [7], 29: [9] }

/**
 * Text with colours (of an agent's terminal, or of our own commands) as lines of cells. Of all that a terminal
 * obeys only colours and emphasis are kept; every other control character shows escaped. A style lasts over line ends.
 */
export function styledLines(text: string): Line[] {
  let style = plain
  return text.replaceAll('\r\n', '\n').replace(strings, '').replace(others, '').split('\n').map((row) => {
    const cells: Span[] = []
    row.split(sgrSequence).forEach((part, i) => {
      if (i % 2 === 1) style = styled(style, part)
      else if (part !== '') cells.push({ text: escapeLine(drawn(part)), style })
    })
    return cells
  })
}

function drawn(text: string): string {
  return text.replace(/\u000e([^\u000f]*)\u000f?/g, (_, inside: string) => [...inside].map((char) => drawing[char] ?? char).join('')).replaceAll('\u000f', '')
}

function styled(before: Style, parameters: string): Style {
  // With colons a parameter holds its own: only underlines are told apart there, a curly one is one.
  const codes = parameters.split(';').map((each) => (each.includes(':') ? (each === '4:0' ? 24 : each.startsWith('4:') ? 4 : -1) : Number(each)))
  let style = before
  while (codes.length > 0) {
    const [code = 0, kind] = codes
    const long = code === 38 || code === 48 || code === 58
    const taken = codes.splice(0, !long ? 1 : kind === 5 ? 3 : kind === 2 ? 5 : 1)
    style = long ? coloured(style, taken) : changed(style, code)
  }
  return style
}

/** One of 256 colours, or red, green and blue; that of underlines is not kept. */
function coloured(style: Style, codes: number[]): Style {
  const colour = codes.join(';')
  if (codes.length !== 3 && codes.length !== 5) return style
  return codes[0] === 38 ? { ...style, fg: colour } : codes[0] === 48 ? { ...style, bg: colour } : style
}

function changed(style: Style, code: number): Style {
  if (code === 0) return plain
  if (attributes.has(code)) return style.attrs.includes(code) ? style : { ...style, attrs: [...style.attrs, code] }
  const over = ended[code]
  if (over !== undefined) return { ...style, attrs: style.attrs.filter((each) => !over.includes(each)) }
  if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) return { ...style, fg: String(code) }
  if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) return { ...style, bg: String(code) }
  if (code === 39) return { ...style, fg: '' }
  return code === 49 ? { ...style, bg: '' } : style
}
