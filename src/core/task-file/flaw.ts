import type { Place } from './lines.ts'

/** What is wrong, or worth saying, about one place of a task file. Errors keep everything in it from starting. */
export interface Flaw extends Place {
  severity: 'error' | 'warning'
  message: string
  hint: string | null
}

export function error({ line, column }: Place, message: string, hint: string | null = null): Flaw {
  return { severity: 'error', line, column, message, hint }
}

export function warning({ line, column }: Place, message: string, hint: string | null = null): Flaw {
  return { severity: 'warning', line, column, message, hint }
}

export function isFlawed(flaws: readonly Flaw[]): boolean {
  return flaws.some(({ severity }) => severity === 'error')
}

export function inOrder(flaws: readonly Flaw[]): Flaw[] {
  return flaws.toSorted((a, b) => a.line - b.line || a.column - b.column)
}
