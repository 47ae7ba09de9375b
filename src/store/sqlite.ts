import { closeSync, chmodSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { TroupeError } from '../core/error.ts'
import { copyBefore } from './copy.ts'
import type { Engine, Fault } from './engine.ts'
import { migrationTable } from './migrate.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import type { Schema } from './schema.ts'
import { unsynced, Wal } from './wal.ts'

/** How long another program may hold the file's lock before a write fails, ms. */
const busyTimeout = 5_000

/** Reads under way at one time; the next one waits. */
const readers = 4

/** SQLite keeps its files in order; that commits are on the disk, and checkpoints, is seen to in `wal.ts`, off the event loop. */
const wanted = { journal_mode: 'wal', synchronous: 1, wal_autocheckpoint: 0, busy_timeout: busyTimeout, foreign_keys: 1 } as const

/** Primary result codes, https://sqlite.org/rescode.html */
const codes = {
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const

export async function openSqlite(path: string): Promise<Engine> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  refuseForeign(path)
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
  let writing: DatabaseSync | undefined
  try {
    writing = new DatabaseSync(path, { timeout: busyTimeout })
    setPragmas(writing, path)
    return engine(path, writing)
  } catch (error) {
    writing?.close()
    throw explained(error, path)
  }
}

function engine(path: string, writing: DatabaseSync): Engine {
  const reading = () => new DatabaseSync(path, { timeout: busyTimeout, readOnly: true })
  const writer = new Kysely<Schema>({ dialect: sqliteDialect(() => writing, 1) })
  const reader = new Kysely<Schema>({ dialect: sqliteDialect(reading, readers) })
  const wal = new Wal(path, writing)
  return {
    kind: 'sqlite',
    where: path,
    writer,
    reader,
    lock: async () => {}, // BEGIN IMMEDIATE holds the whole file already
    fault,
    explain: (error) => explained(error, path),
    copy: async (step, at) => copyBefore(writing, path, step, at),
    sync: () => wal.sync(),
    async close() {
      await wal.close()
      await reader.destroy()
      await writer.destroy()
      if (writing.isOpen) writing.close()
    },
  }
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
      hint: teamctl ? `keep teamctl’s mail: mv ${path} ${path}.teamctl, then start again` : 'name another file in broker.path',
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

function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}

function fault(error: unknown): Fault {
  const code = codeOf(error)
  const fatal: number[] = [
    codes.busy,
    codes.locked,
    codes.noMemory,
    codes.readOnly,
    codes.ioError,
    codes.corrupt,
    codes.full,
    codes.notADatabase,
  ]
  return code !== undefined && fatal.includes(code) ? 'batch' : 'work'
}

function explained(error: unknown, path: string): unknown {
  if (isSync(error)) return unsynced(path, error)
  const code = codeOf(error)
  if (code === undefined || error instanceof TroupeError) return error
  const more = (hint: string) => ({ hint, cause: error, facts: { path, sqlite: code } })
  switch (code) {
    case codes.full:
      return new TroupeError(
        'unavailable',
        `nothing was stored: the disk of ${path} is full`,
        more('free some space; nothing needs a restart'),
      )
    case codes.ioError:
      return new TroupeError(
        'unavailable',
        `nothing was stored: the disk of ${path} failed (${text(error)})`,
        more('check the disk'),
      )
    case codes.busy:
    case codes.locked:
      return new TroupeError(
        'unavailable',
        `another program has held ${path} locked for ${busyTimeout / 1000} s`,
        more(`end whatever has ${path} open`),
      )
    case codes.readOnly:
    case codes.cannotOpen:
      return new TroupeError(
        'unavailable',
        `${path} cannot be opened for writing (${text(error)})`,
        more('check its owner and mode'),
      )
    case codes.corrupt:
    case codes.notADatabase:
      return new TroupeError(
        'config',
        `${path} is not a sound SQLite database (${text(error)})`,
        more('restore a copy, or name another file in broker.path'),
      )
    default:
      return error
  }
}

function isSync(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && error.syscall === 'fdatasync'
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
