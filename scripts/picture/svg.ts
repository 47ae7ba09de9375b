/** Sizes of a 14 px monospaced face, px. */
const cell = { width: 8.43, height: 18 }
const margin = { x: 18, top: 44, bottom: 18 }
/** The sixteen colours of a terminal, on a dark ground. */
const palette = ['#3b4252', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d8dee9', '#6b7489', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#ffffff']

interface Style {
  color: string
  bold: boolean
  dim: boolean
}

const plain: Style = { color: '#d8dee9', bold: false, dim: false }

/** A terminal's text with its SGR escapes as a picture. Only what tmux's capture-pane prints is understood. */
export function svg(text: string, columns: number): string {
  const lines = text.split('\n')
  const width = Math.ceil(columns * cell.width + 2 * margin.x)
  const height = lines.length * cell.height + margin.top + margin.bottom
  let style = plain
  const body = lines.map((line, row) => {
    const drawn = draw(line, style)
    style = drawn.style
    return `<text x="${margin.x}" y="${margin.top + (row + 0.75) * cell.height}">${drawn.spans}</text>`
  })
  const buttons = ['#e06c75', '#e5c07b', '#98c379'].map((color, index) => `<circle cx="${22 + index * 20}" cy="20" r="6" fill="${color}"/>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A terminal session with troupe">
<rect width="100%" height="100%" rx="10" fill="#1e222a"/>${buttons.join('')}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" xml:space="preserve">
${body.join('\n')}
</g></svg>
`
}

function draw(line: string, before: Style): { spans: string; style: Style } {
  let style = before
  let column = 0
  let spans = ''
  // oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
  for (const part of line.split(/(\u001b\[[\d;]*m)/)) {
    // oxlint-disable-next-line no-control-regex -- the same
    const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1]
    if (codes === undefined) {
      if (part !== '') spans += span(part, column, style)
      column += [...part].length
    } else style = codes.split(';').map(Number).reduce(apply, style)
  }
  return { spans, style }
}

function span(text: string, column: number, style: Style): string {
  const weight = style.bold ? ' font-weight="bold"' : ''
  const opacity = style.dim ? ' opacity="0.6"' : ''
  const length = (([...text].length) * cell.width).toFixed(1)
  return `<tspan x="${(margin.x + column * cell.width).toFixed(1)}" textLength="${length}" fill="${style.color}"${weight}${opacity}>${escape(text)}</tspan>`
}

function apply(style: Style, code: number): Style {
  if (code === 0) return plain
  if (code === 1) return { ...style, bold: true }
  if (code === 2) return { ...style, dim: true }
  if (code === 22) return { ...style, bold: false, dim: false }
  if (code === 39) return { ...style, color: plain.color }
  if (code >= 30 && code <= 37) return { ...style, color: palette[code - 30] ?? plain.color }
  if (code >= 90 && code <= 97) return { ...style, color: palette[code - 82] ?? plain.color }
  return style
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
