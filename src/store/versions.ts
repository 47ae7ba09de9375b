import { TroupeError } from '../core/error.ts'

/** Older `node:sqlite` cuts text at the first NUL. */
const leastNode = '24.16.0'
/** Older SQLite can corrupt a database in WAL mode (https://sqlite.org/releaselog/3_51_3.html). */
const leastSqlite = '3.51.3'

/** Throws `incompatible` where SQLite would not keep what it is given. */
export function checkVersions(versions: { node: string; sqlite?: string | undefined } = process.versions): void {
  if (olderThan(versions.node, leastNode)) {
    throw new TroupeError('incompatible', `Node ${versions.node} is too old for the SQLite store, ${leastNode} is needed`, {
      hint: `install Node ${leastNode} or newer, or use broker type postgres`,
    })
  }
  if (versions.sqlite === undefined || olderThan(versions.sqlite, leastSqlite)) {
    throw new TroupeError('incompatible', `this Node carries SQLite ${versions.sqlite ?? '(none)'}, ${leastSqlite} is needed`, {
      hint: `install a Node from nodejs.org, ${leastNode} or newer, or use broker type postgres`,
    })
  }
}

function olderThan(version: string, least: string): boolean {
  const [a, b] = [version, least].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)))
  for (const [index, wanted] of (b ?? []).entries()) {
    const found = a?.[index] ?? 0
    if (found !== wanted) return found < wanted
  }
  return false
}
