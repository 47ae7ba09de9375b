import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { TroupeError } from '../core/error.ts'
import { rememberedHeads } from './anchors.ts'

/**
 * Refuses to begin with an empty database where one was that held this team's journal: nobody would learn that its mail
 * is gone. `headFile` remembers; `database` is its name there. Throws `config`.
 */
export function refuseLost(headFile: string, database: string, where: string): void {
  const lines = rememberedHeads(headFile, database)
  if (lines === 0) return
  const copies = copiesOf(where)
  const there = copies.length === 0 ? '' : ` (there is ${copies.join(', ')})`
  throw new TroupeError('config', `${where} is empty or gone, and the team’s journal had ${lines} lines there`, {
    hint: `put the database back${there}; or, to begin anew without what it held, rm ${headFile}; then troupe daemon start`,
    facts: { where, lines, copies },
  })
}

export function isEmptyFile(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0
}

/** Whatever stands beside the file under its name. */
function copiesOf(path: string): string[] {
  const folder = dirname(path)
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => name.startsWith(`${basename(path)}.`) && !name.endsWith('.part'))
  return names.map((name) => join(folder, name))
}
