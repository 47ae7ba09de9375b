import { TroupeError } from '../core/error.ts'
import { leastNode, leastSqlite, olderThan } from '../util/versions.ts'

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
