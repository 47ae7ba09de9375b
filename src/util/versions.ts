/** Older `node:sqlite` cuts text at the first NUL. */
export const leastNode = '24.16.0'
/** Older SQLite can corrupt a database in WAL mode (https://sqlite.org/releaselog/3_51_3.html). */
export const leastSqlite = '3.51.3'

/** Compares dotted numbers; what follows a number in a part does not count. */
export function olderThan(version: string, least: string): boolean {
  const [a, b] = [version, least].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)))
  for (const [index, wanted] of (b ?? []).entries()) {
    const found = a?.[index] ?? 0
    if (found !== wanted) return found < wanted
  }
  return false
}
