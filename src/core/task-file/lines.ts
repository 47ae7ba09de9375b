/** Where something stands. From 1; columns in UTF-16 units, a byte order mark not counted. */
export interface Place {
  line: number
  column: number
}

/** One line without its ending. */
export interface Line {
  /** From 1. */
  n: number
  /** Of its first character in the text, in UTF-16 units. */
  start: number
  text: string
}

const tab = 4

/** Lines end with CR LF, LF or CR. A byte order mark belongs to none of them. */
export function linesOf(text: string): Line[] {
  const lines: Line[] = []
  let start = text.startsWith('\uFEFF') ? 1 : 0
  for (const ending of text.matchAll(/\r\n|\n|\r/g)) {
    lines.push({ n: lines.length + 1, start, text: text.slice(start, ending.index) })
    start = ending.index + ending[0].length
  }
  if (start < text.length) lines.push({ n: lines.length + 1, start, text: text.slice(start) })
  return lines
}

/** The column, from 0, that the character at `chars` has on the screen: a tab goes on to the next multiple of four. */
function columnAt(text: string, chars: number): number {
  let column = 0
  for (const char of text.slice(0, chars)) column += char === '\t' ? tab - (column % tab) : 1
  return column
}

export function indentOf(text: string): number {
  return columnAt(text, text.length - text.trimStart().length)
}

/** Takes at most `columns` of indentation away. */
export function dedent(text: string, columns: number): string {
  let [chars, column] = [0, 0]
  for (; chars < text.length && /[ \t]/.test(text.charAt(chars)); chars += 1) {
    column += text.charAt(chars) === '\t' ? tab - (column % tab) : 1
    if (column > columns) break
  }
  return text.slice(chars)
}

export function placeIn(line: Line, offset: number): Place {
  return { line: line.n, column: offset - line.start + 1 }
}
