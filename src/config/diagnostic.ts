/** What is wrong, or worth saying, about one place in one file. */
export interface Diagnostic {
  severity: Severity
  /** Absolute path. */
  file: string
  /** From 1. */
  line: number
  /** From 1, in UTF-16 units. */
  column: number
  message: string
  /** What to do about it. */
  hint: string | null
  /** The line it is about and how many columns to mark; null where there is no such line. */
  excerpt: { text: string; width: number } | null
}

export type Severity = 'error' | 'warning' | 'info'

const rank: Record<Severity, number> = { error: 0, warning: 1, info: 2 }

/**
 * Collects diagnostics. An error takes its place: what follows from it there is not told again,
 * so a value that was refused by its type is not refused once more by its meaning.
 */
export class Diagnostics {
  readonly #list: Diagnostic[] = []
  readonly #taken = new Set<string>()
  readonly #closed = new Set<string>()

  /** `path` leads to the spot inside the file; it is what a second error must not repeat. */
  add(path: readonly (string | number)[], diagnostic: Diagnostic): void {
    const key = spot(diagnostic.file, path)
    if (this.#taken.has(key) || path.some((_, i) => this.#closed.has(spot(diagnostic.file, path.slice(0, i))))) return
    if (diagnostic.severity === 'error') this.#taken.add(key)
    this.#list.push(diagnostic)
  }

  /** Drops what comes later about the inside of this spot. */
  close(file: string, path: readonly (string | number)[]): void {
    this.#closed.add(spot(file, path))
  }

  get failed(): boolean {
    return this.#list.some((one) => one.severity === 'error')
  }

  /** Errors first, then by file and position; the same words at the same position once. */
  sorted(): Diagnostic[] {
    const seen = new Set<string>()
    return this.#list
      .filter((one) => {
        const key = [one.file, one.line, one.column, one.message].join('\n')
        return !seen.has(key) && seen.add(key)
      })
      .toSorted(
        (a, b) => rank[a.severity] - rank[b.severity] || compare(a.file, b.file) || a.line - b.line || a.column - b.column,
      )
  }
}

function spot(file: string, path: readonly (string | number)[]): string {
  return `${file}\n${JSON.stringify(path)}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
