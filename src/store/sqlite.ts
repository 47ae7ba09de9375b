import { closeSync, chmodSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { TroupeError } from '../core/error.ts'
import { copyDatabase } from './backup.ts'
import { copyBefore } from './copy.ts'
import type { Engine } from './engine.ts'
import { migrationTable } from './migrate.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { busyTimeout, explained, fault } from './sqlite-faults.ts'
import { refuseDamagedWal } from './wal-damage.ts'
import { held, type Held } from './held-file.ts'
import type { Schema } from './schema.ts'
import { Wal } from './wal.ts'

/** Reads under way at one time; the next one waits. */
const readers = 4

/** Until the store is open. Then `wal.ts` sees to it that commits are on the disk, off the event loop; checkpoints from the beginning. */
const wanted = { journal_mode: 'wal', synchronous: 2, wal_autocheckpoint: 0, busy_timeout: busyTimeout, foreign_keys: 1 } as const

export async function openSqlite(path: string): Promise<Engine> {
  let writing: DatabaseSync | undefined
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    refuseDamagedWal(path)
    refuseForeign(path)
    closeSync(openSync(path, 'a', 0o600))
    chmodSync(path, 0o600)
    writing = new DatabaseSync(path, { timeout: busyTimeout })
    setPragmas(writing, path)
    return engine(path, writing, held(path, writing))
  } catch (error) {
    writing?.close()
    throw explained(error, path)
  }
}

function engine(path: string, writing: DatabaseSync, file: Held): Engine {
  const reading = () => new DatabaseSync(path, { timeout: busyTimeout, readOnly: true })
  const writer = new Kysely<Schema>({ dialect: sqliteDialect(() => writing, 1) })
  const reader = new Kysely<Schema>({ dialect: sqliteDialect(reading, readers) })
  const wal = new Wal(path, writing)
  return {
    kind: 'sqlite',
    where: path,
    writer,
    reader,
    // BEGIN IMMEDIATE holds the whole file already, if it is still the one that the next daemon will open.
    lock: async () => file.check(),
    foreign: foreignWrites(writing),
    fault,
    explain: (error) => explained(error, path),
    copy: async (step, at) => copyBefore(writing, path, step, at),
    backup: async (target) => await copyDatabase(path, target),
    sync: () => wal.sync(),
    async close() {
      await wal.close()
      await reader.destroy()
      if (writing.isOpen) file.rescue()
      await writer.destroy()
      if (writing.isOpen) writing.close()
    },
  }
}

/**
 * SQLite's own mark, which differs from the last look exactly if another connection has changed the file meanwhile: readers, copies and
 * checkpoints that only move pages leave it as it is.
 */
function foreignWrites(db: DatabaseSync): () => number {
  const mark = db.prepare('pragma data_version')
  const look = (): number => Number(mark.get()?.['data_version'])
  const first = look()
  return () => look() - first
}

/** Durability is promised, so what SQLite really uses is read back. */
function setPragmas(db: DatabaseSync, path: string): void {
  for (const [name, value] of Object.entries(wanted)) {
    db.exec(`pragma ${name} = ${value}`)
    const found = Object.values(db.prepare(`pragma ${name}`).get() ?? {})[0]
    if (found === value) continue
    throw new TroupeError('config', `SQLite keeps ${name} at ${String(found)} for ${path}, ${value} is needed`, {
      hint: 'put the database on a local disk (network file systems cannot hold it safely), or use broker type postgres',
      facts: { path, pragma: name, found },
    })
  }
}

/** Another program's database is looked at read-only and never written. */
function refuseForeign(path: string): void {
  if (!existsSync(path) || statSync(path).size === 0) return
  const tables = tablesOf(path)
  if (tables.length === 0 || tables.includes(migrationTable)) return
  const teamctl = ['projects', 'agents', 'messages'].every((name) => tables.includes(name))
  throw new TroupeError(
    'config',
    `${path} is ${teamctl ? 'the mailbox of teamctl' : 'the database of another program'}; it was not touched`,
    {
      hint: teamctl ? 'troupe import teamctl sets it aside and brings its mail' : 'name another file in broker.path',
      facts: { path, tables },
    },
  )
}

function tablesOf(path: string): string[] {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { timeout: busyTimeout, readOnly: true })
    const rows = db.prepare(`select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`).all()
    return rows.map((row) => String(row.name))
  } catch (error) {
    throw explained(error, path)
  } finally {
    db?.close()
  }
}
