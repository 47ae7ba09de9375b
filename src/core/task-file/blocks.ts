import { error, warning, type Flaw } from './flaw.ts'
import { indentOf, linesOf, placeIn, type Line } from './lines.ts'

/** What a line is in the structure of a Markdown file. `indent` in columns. */
export type Block =
  | { kind: 'blank'; line: Line }
  /** Inside a code fence, or one of its two ends. */
  | { kind: 'code'; line: Line; indent: number }
  | { kind: 'comment'; line: Line; indent: number }
  | { kind: 'heading'; line: Line; level: number; title: string; start: number }
  /** `rest`: what stands after its marker, from `start` of the text on. */
  | { kind: 'item'; line: Line; indent: number; number: number | null; rest: string; start: number }
  | { kind: 'text'; line: Line; indent: number }

interface Fence {
  line: Line
  mark: string
  length: number
  /** A line with less indentation ends it: the list item that it belongs to is over. */
  least: number
}

/**
 * Tells fences and comments from the rest, as far as task files need it. Lists are read as people write them: what is indented more than
 * an item's marker belongs to that item.
 */
export function blocksOf(text: string): { blocks: Block[]; flaws: Flaw[] } {
  const reading = new Reading()
  const blocks = linesOf(text).map((line) => reading.take(line))
  return { blocks, flaws: [...reading.flaws, ...reading.unclosed()] }
}

class Reading {
  readonly flaws: Flaw[] = []
  #fence: Fence | null = null
  #comment: Line | null = null
  /** Indentation of the items that are open, outermost first. */
  #items: number[] = []

  take(line: Line): Block {
    const { text } = line
    if (this.#comment !== null) return this.#inComment(line)
    if (text.trim() === '') return this.#fence === null ? { kind: 'blank', line } : { kind: 'code', line, indent: 0 }
    const indent = indentOf(text)
    if (this.#fence !== null && indent >= this.#fence.least) return this.#inFence(line, indent, this.#fence)
    this.#fence = null
    while ((this.#items.at(-1) ?? -1) >= indent) this.#items.pop()
    if (indent >= 4 && this.#items.length === 0) return this.#indentedCode(line, indent)
    const trimmed = text.trimStart()
    if (this.#opensFence(trimmed, line)) return { kind: 'code', line, indent }
    if (trimmed.startsWith('<!--')) return this.#opensComment(trimmed, line, indent)
    return this.#items.length === 0 ? (headingIn(line) ?? this.#itemOrText(line, indent)) : this.#itemOrText(line, indent)
  }

  unclosed(): Flaw[] {
    const fence = this.#fence
    const places = [
      ...(fence === null ? [] : [error(at(fence.line), 'a code fence opens here and is never closed', `write ${fence.mark.repeat(fence.length)} where it ends`)]),
      ...(this.#comment === null ? [] : [error(at(this.#comment), 'a comment opens here and is never closed', 'write --> where it ends')]),
    ]
    return places
  }

  #itemOrText(line: Line, indent: number): Block {
    const found = /^([ \t]*)([-*+]|\d{1,9}[.)])([ \t]+|$)/.exec(line.text) ?? /^([ \t]*)(-)()(?=\[[ xX]\])/.exec(line.text)
    if (found === null || isRule(line.text)) return { kind: 'text', line, indent }
    const [marker, , sign = '', ] = found
    this.#items.push(indent)
    const rest = line.text.slice(marker.length)
    this.#opensFence(rest, line)
    const number = /^\d/.test(sign) ? Number.parseInt(sign, 10) : null
    return { kind: 'item', line, indent, number, rest, start: line.start + marker.length }
  }

  #opensFence(text: string, line: Line): boolean {
    const mark = /^(`{3,})[^`]*$|^(~{3,})/.exec(text)
    const fence = mark?.[1] ?? mark?.[2]
    if (fence === undefined) return false
    const item = this.#items.at(-1)
    this.#fence = { line, mark: fence.charAt(0), length: fence.length, least: item === undefined ? 0 : item + 1 }
    return true
  }

  #inFence(line: Line, indent: number, { mark, length }: Fence): Block {
    const trimmed = line.text.trim()
    if (trimmed.length >= length && trimmed === mark.repeat(trimmed.length)) this.#fence = null
    return { kind: 'code', line, indent }
  }

  #opensComment(trimmed: string, line: Line, indent: number): Block {
    if (!trimmed.slice(4).includes('-->')) this.#comment = line
    return { kind: 'comment', line, indent }
  }

  #inComment(line: Line): Block {
    if (line.text.includes('-->')) this.#comment = null
    return { kind: 'comment', line, indent: indentOf(line.text) }
  }

  #indentedCode(line: Line, indent: number): Block {
    const box = /^[ \t]*([-*+]|\d{1,9}[.)])[ \t]+\[[ xX]\]/.exec(line.text)
    if (box !== null) this.flaws.push(warning(placeIn(line, line.start + line.text.length - line.text.trimStart().length), 'a box that is indented by four columns, below no item of a list, is code, and no task', 'indent it less'))
    return { kind: 'code', line, indent }
  }
}

function at(line: Line): { line: number; column: number } {
  return placeIn(line, line.start + line.text.length - line.text.trimStart().length)
}

function headingIn(line: Line): Block | null {
  const found = /^( {0,3})(#{1,6})(?:[ \t]+|$)/.exec(line.text)
  if (found === null) return null
  const [before, , signs = ''] = found
  const title = withoutClosing(line.text.slice(before.length).trim())
  return { kind: 'heading', line, level: signs.length, title, start: line.start + before.length }
}

/** `## src ##` is called `src`. */
function withoutClosing(title: string): string {
  let end = title.length
  while (title.charAt(end - 1) === '#') end -= 1
  return end === 0 || /[ \t]/.test(title.charAt(end - 1)) ? title.slice(0, end).trimEnd() : title
}

/** `* * *` is a line across the page, and no item. */
function isRule(text: string): boolean {
  return /^[ \t]*(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,})$/.test(text)
}
