import { parseDocument } from 'yaml'

/** The YAML head of a Markdown file, between its first two lines of `---`; null where there is none that can be read. */
export function frontMatter(text: string): Record<string, unknown> | null {
  const head = /^\uFEFF?---\r?\n([^]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(text)?.[1]
  if (head === undefined) return null
  const document = parseDocument(head, { logLevel: 'silent' })
  const value: unknown = document.errors.length === 0 ? document.toJS() : null
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
}
