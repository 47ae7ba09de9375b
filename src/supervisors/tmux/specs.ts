import { createHash } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** The launch file of one incarnation. Ids are file names as they are; anything else goes by its hash. */
export function specFile(folder: string, incarnation: string): string {
  const plain = /^[A-Za-z0-9-]+$/.test(incarnation)
  return join(folder, `${plain ? incarnation : createHash('sha256').update(incarnation).digest('hex')}.json`)
}

/** Deletes launch files, which hold tokens, that no launcher will come for: whose incarnation has no living terminal. */
export function removeStaleSpecs(folder: string, living: ReadonlySet<string>): void {
  const awaited = new Set([...living].map((incarnation) => specFile(folder, incarnation)))
  for (const name of readdirSync(folder)) {
    const file = join(folder, name)
    if (!awaited.has(file)) rmSync(file, { force: true })
  }
}
