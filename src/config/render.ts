import { relative } from 'node:path'
import pc from 'picocolors'
import type { Diagnostic, Severity } from './diagnostic.ts'

/** How much of an over-long line is shown around its mark. */
const excerptWidth = 100

export interface RenderOptions {
  color: boolean
  /** Show `info` too (`validate -v`). */
  verbose?: boolean
  /** Files are shown relative to this folder where that is shorter. */
  from?: string
}

/** Diagnostics for people: place, words, the line with a caret, and what to do. Ends without a newline. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: RenderOptions): string {
  const colors = pc.createColors(options.color)
  const paint: Record<Severity, (text: string) => string> = { error: colors.red, warning: colors.yellow, info: colors.cyan }
  return diagnostics
    .filter((one) => options.verbose === true || one.severity !== 'info')
    .map((one) => {
      const place = `${shownFile(one.file, options.from)}:${one.line}:${one.column}`
      const lines = [`${colors.bold(place)} ${paint[one.severity](one.severity)}: ${visible(one.message)}`]
      if (one.excerpt !== null && one.excerpt.text.trim() !== '') lines.push(...excerpt(one, one.excerpt, paint[one.severity]))
      if (one.hint !== null) lines.push(`  Try: ${visible(one.hint)}`)
      return lines.join('\n')
    })
    .join('\n')
}

function excerpt(one: Diagnostic, { text, width }: { text: string; width: number }, paint: (text: string) => string): string[] {
  const start = one.column + width > excerptWidth ? Math.max(0, one.column - 1 - excerptWidth / 4) : 0
  const before = visible(text.slice(start, one.column - 1))
  const marked = visible(text.slice(one.column - 1, one.column - 1 + Math.min(width, excerptWidth)))
  const rest = visible(text.slice(one.column - 1 + width, start + excerptWidth))
  const margin = `${one.line} | `
  const lead = start > 0 ? '…' : ''
  const gap = ' '.repeat(margin.length + lead.length + before.length)
  return [`  ${margin}${lead}${before}${marked}${rest}`, `  ${gap}${paint('^'.repeat(Math.max(1, marked.length)))}`]
}

function shownFile(file: string, from: string | undefined): string {
  const short = from === undefined ? file : relative(from, file)
  return visible(short.length < file.length && short !== '' ? short : file)
}

/** Control characters, and marks that turn the direction of text, made visible: what is shown comes from foreign files. */
export function visible(text: string): string {
  return text
    .replaceAll('\t', ' ')
    .replaceAll(
      /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
}
