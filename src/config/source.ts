import { LineCounter, isAlias, isMap, isPair, isScalar, isSeq, parseDocument, type Document, type Node } from 'yaml'
import type { Diagnostic, Diagnostics, Severity } from './diagnostic.ts'

/** Keys and list positions from the top of a file. */
export type Path = readonly (string | number)[]

/** One YAML file that was read: its text, its syntax tree, and where each value stands. */
export interface Source {
  /** Absolute. */
  file: string
  text: string
  document: Document | null
  lines: LineCounter
}

/** Parses YAML; what is wrong goes to `out`. `document` is null where nothing sensible can be taken from the text. */
export function parseSource(file: string, text: string, out: Diagnostics): Source {
  const source: Source = { file, text, document: null, lines: new LineCounter() }
  try {
    const document = parseDocument(text, {
      lineCounter: source.lines,
      prettyErrors: false,
      logLevel: 'error',
      keepSourceTokens: false,
    })
    for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
      const fatal = document.errors.some((error) => error.pos === pos && error.message === message)
      out.add(
        [`@${pos[0]}`],
        diagnose(source, pos, fatal ? 'error' : 'warning', ...words(code, message, text.slice(pos[0], pos[0] + 200))),
      )
    }
    if (document.errors.every((error) => error.code === 'DUPLICATE_KEY')) source.document = document
  } catch (error) {
    // The parser's own limits: nesting beyond its stack.
    out.add(
      ['@0'],
      diagnose(
        source,
        [0, 0],
        'error',
        `cannot be read as YAML: ${error instanceof Error ? error.message : String(error)}`,
        null,
      ),
    )
  }
  return source
}

/** The parser's code → what to tell a person. */
function words(code: string, message: string, near: string): [message: string, hint: string | null] {
  if (code === 'DUPLICATE_KEY')
    return [`the key \`${/^("[^"]*"|'[^']*'|[^\s:,{}]*)/.exec(near)?.[0] ?? ''}\` is here a second time`, 'keep one of the two']
  if (code === 'TAB_AS_INDENT') return ['a tab is used for indentation', 'YAML wants spaces; use two']
  if (code === 'MULTIPLE_DOCS') return ['the file holds more than one YAML document', 'keep what stands before the second `---`']
  if (code === 'RESOURCE_EXHAUSTION') return ['the YAML is nested too deeply to be read', null]
  const first = message.charAt(0).toLowerCase() + message.slice(1)
  if (code === 'BLOCK_AS_IMPLICIT_KEY') return [`not valid YAML: ${first}`, 'each key wants a line of its own, and a value with `: ` in it wants quotes']
  const hint =
    code === 'BAD_INDENT' || code === 'MISSING_CHAR' ? 'look for a missing quote, bracket or space above this place' : null
  return [`not valid YAML: ${first}`, hint]
}

/** Makes a diagnostic of a range of offsets. */
export function diagnose(
  source: Source,
  range: readonly [number, number],
  severity: Severity,
  message: string,
  hint: string | null,
): Diagnostic {
  const { line, col } = source.text === '' ? { line: 1, col: 1 } : source.lines.linePos(Math.min(range[0], source.text.length))
  const at = Math.max(line, 1)
  const column = Math.max(col, 1)
  const text = source.text.split(/\r?\n/, at)[at - 1]
  const width = Math.max(1, Math.min(range[1] - range[0], (text ?? '').length - column + 1))
  return { severity, file: source.file, line: at, column, message, hint, excerpt: text === undefined ? null : { text, width } }
}

/** Follows aliases; null where the anchor does not exist. */
export function follow(node: unknown, document: Document): Node | null {
  const target = isAlias(node) ? node.resolve(document) : node
  return (target as Node | null | undefined) ?? null
}

export interface Found {
  /** Offsets of the key and of the value; the value of an empty one is its key. */
  key: readonly [number, number]
  value: readonly [number, number]
}

/** Where a path stands, or null if the file does not say it. */
export function locate(source: Source, path: Path): Found | null {
  if (source.document === null) return null
  let node: unknown = source.document.contents
  let found: Found = { key: span(node), value: span(node) }
  for (const step of path) {
    const parent = follow(node, source.document)
    if (isMap(parent)) {
      const pair = parent.items.findLast((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step))
      if (pair === undefined) return null
      const key = span(pair.key)
      node = pair.value
      found = { key, value: isEmpty(node) ? key : span(node) }
    } else if (isSeq(parent)) {
      node = parent.items[Number(step)]
      if (node === undefined) return null
      found = { key: span(node), value: span(node) }
    } else return null
  }
  return found
}

/** The place itself, or the nearest place above it that the file does say. */
export function locateNearest(source: Source, path: Path): Found {
  for (let length = path.length; length > 0; length--) {
    const found = locate(source, path.slice(0, length))
    if (found !== null) return found
  }
  return { key: [0, 0], value: [0, 0] }
}

function isEmpty(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null && (node.source ?? '') === '')
}

function span(node: unknown): readonly [number, number] {
  const range = (node as Node | null | undefined)?.range
  return range ? [range[0], range[1]] : [0, 0]
}
