import { width } from '../../src/cli/text.ts'

/** Sizes of a 14 px monospaced face, px. */
const cell = { width: 8.43, height: 18 }
const ground = '#1e222a'
const margin = { x: 18, top: 44, bottom: 18 }
/** The sixteen colours of a terminal, on a dark ground. */
const palette = ['#3b4252', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d8dee9', '#6b7489', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#ffffff']

interface Style {
  color: string
  reverse: boolean
  bold: boolean
  dim: boolean
}

const plain: Style = { color: '#d8dee9', reverse: false, bold: false, dim: false }

/** A terminal's text with its SGR escapes as a picture. Only what tmux's capture-pane prints is understood. */
export function svg(text: string, columns: number): string {
  const lines = text.split('\n')
  const total = Math.ceil(columns * cell.width + 2 * margin.x)
  const height = lines.length * cell.height + margin.top + margin.bottom
  let style = plain
  const body = lines.map((line, row) => {
    const drawn = draw(line, style)
    style = drawn.style
    const rects = drawn.rects.map(({ x, fill, ...rect }) => `<rect x="${x}" y="${margin.top + row * cell.height}" width="${(rect.columns * cell.width).toFixed(1)}" height="${cell.height}" fill="${fill}"/>`).join('')
    return `${rects}<text x="${margin.x}" y="${margin.top + (row + 0.75) * cell.height}">${drawn.spans}</text>`
  })
  const buttons = ['#e06c75', '#e5c07b', '#98c379'].map((color, index) => `<circle cx="${22 + index * 20}" cy="20" r="6" fill="${color}"/>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total} ${height}" width="${total}" height="${height}" role="img" aria-label="A terminal session with troupe">
<rect width="100%" height="100%" rx="10" fill="${ground}"/>${buttons.join('')}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" xml:space="preserve">
${body.join('\n')}
</g></svg>
`
}

interface Rect {
  x: string
  columns: number
  fill: string
}

function draw(line: string, before: Style): { spans: string; rects: Rect[]; style: Style } {
  let style = before
  let column = 0
  let spans = ''
  const rects: Rect[] = []
  // oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
  for (const part of line.split(/(\u001b\[[\d;]*m)/)) {
    // oxlint-disable-next-line no-control-regex -- the same
    const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1]
    if (codes === undefined) {
      if (style.reverse && part !== '') rects.push({ x: (margin.x + column * cell.width).toFixed(1), columns: width(part), fill: style.color })
      if (part !== '') spans += span(part, column, style.reverse ? { ...style, color: ground, dim: false } : style)
      column += width(part)
    } else style = styleAfter(style, codes.split(';').map(Number))
  }
  return { spans, rects, style }
}

function span(text: string, column: number, style: Style): string {
  const weight = style.bold ? ' font-weight="bold"' : ''
  const opacity = style.dim ? ' opacity="0.6"' : ''
  const length = (width(text) * cell.width).toFixed(1)
  return `<tspan x="${(margin.x + column * cell.width).toFixed(1)}" textLength="${length}" fill="${style.color}"${weight}${opacity}>${escape(text)}</tspan>`
}

/** Of 256 colours only the first sixteen have a place in the palette; those of truecolour stand as they are. */
function styleAfter(before: Style, codes: number[]): Style {
  let style = before
  while (codes.length > 0) {
    const [code = 0, kind, ...more] = codes
    if (code !== 38 && code !== 48) style = apply(style, code)
    else if (code === 38) style = { ...style, color: kind === 2 ? `rgb(${more.slice(0, 3).join(',')})` : indexed(more[0] ?? 7) }
    codes.splice(0, code !== 38 && code !== 48 ? 1 : kind === 2 ? 5 : 3)
  }
  return style
}

/** The cube and the greys, as xterm has them. */
function indexed(index: number): string {
  if (index < 16) return palette[index] ?? plain.color
  if (index >= 232) return `rgb(${Array.from({ length: 3 }, () => 8 + (index - 232) * 10).join(',')})`
  const level = (each: number): number => (each === 0 ? 0 : 55 + each * 40)
  const at = index - 16
  return `rgb(${[Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map(level).join(',')})`
}

function apply(style: Style, code: number): Style {
  if (code === 0) return plain
  if (code === 1) return { ...style, bold: true }
  if (code === 2) return { ...style, dim: true }
  if (code === 7) return { ...style, reverse: true }
  if (code === 27) return { ...style, reverse: false }
  if (code === 22) return { ...style, bold: false, dim: false }
  if (code === 39) return { ...style, color: plain.color }
  if (code >= 30 && code <= 37) return { ...style, color: palette[code - 30] ?? plain.color }
  if (code >= 90 && code <= 97) return { ...style, color: palette[code - 82] ?? plain.color }
  return style
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
