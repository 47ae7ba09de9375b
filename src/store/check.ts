import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** Whether a SQLite file is sound, as far as a quick look tells. Opens it for reading only; never throws. */
export function checkDatabase(path: string): { ok: boolean; why: string } {
  if (!existsSync(path)) return { ok: true, why: `${path} is not there yet` }
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
    const found = Object.values(database.prepare('pragma quick_check(1)').get() ?? {})[0]
    return found === 'ok' ? { ok: true, why: `${path} is sound` } : { ok: false, why: `${path} is damaged: ${String(found)}` }
  } catch (error) {
    return { ok: false, why: `${path} is damaged or cannot be read: ${error instanceof Error ? error.message : String(error)}` }
  } finally {
    database?.close()
  }
}
