import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { TroupeError } from '../core/error.ts'
import { syncFolder } from '../util/atomic-write.ts'

/** Copies kept of one database, each made before another step of its schema. */
const kept = 3

/** The end of a copy's name, its time: `20261121T094500Z`. */
const stamp = /\.\d{8}T\d{6}Z$/

/**
 * Copies a SQLite database, as of one moment, to `<path>.before-<step>.<time>`: private, whole or absent, on the disk.
 * Older copies of the same step go, and all but the newest of the others. Throws `unavailable` where there is no room.
 */
export function copyBefore(db: DatabaseSync, path: string, step: string, at: number): string {
  const time = new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const target = `${path}.before-${step}.${time}`
  removeParts(path)
  const part = `${target}.part`
  try {
    closeSync(openSync(part, 'wx', 0o600))
    db.prepare('vacuum into ?').run(part)
    check(part)
    sync(part)
    renameSync(part, target)
  } catch (error) {
    removeParts(path)
    throw noRoom(error) ? refusal(path, error) : error
  }
  syncFolder(dirname(path))
  prune(path, step, target)
  return target
}

/** A copy that cannot be read is worse than none: somebody counts on it. */
function check(file: string): void {
  const copy = new DatabaseSync(file, { readOnly: true })
  try {
    const found = Object.values(copy.prepare('pragma quick_check(1)').get() ?? {})[0]
    if (found !== 'ok') throw new TroupeError('failed', `the copy of the database is damaged: ${String(found)}`, { hint: 'check the disk' })
  } finally {
    copy.close()
  }
}

function sync(file: string): void {
  const fd = openSync(file, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function beside(path: string): string[] {
  const begin = `${basename(path)}.before-`
  return readdirSync(dirname(path)).filter((name) => name.startsWith(begin)).map((name) => join(dirname(path), name))
}

/** Of a copy that was cut short, with SQLite's own files beside it. */
function removeParts(path: string): void {
  for (const file of beside(path)) if (/\.part(-\w+)?$/.test(file)) rmSync(file)
}

/** What a person put beside them under another name stays. */
function prune(path: string, step: string, target: string): void {
  const copies = beside(path).filter((file) => stamp.test(file) && file !== target)
  const [same, others] = [copies.filter((file) => file.startsWith(`${path}.before-${step}.`)), copies.filter((file) => !file.startsWith(`${path}.before-${step}.`))]
  const oldFirst = others.toSorted((a, b) => (stamp.exec(a)?.[0] ?? '').localeCompare(stamp.exec(b)?.[0] ?? ''))
  for (const file of [...same, ...oldFirst.slice(0, Math.max(0, others.length - kept + 1))]) rmSync(file)
}

/** SQLITE_FULL is 13. */
function noRoom(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('errcode' in error && error.errcode === 13) || ('code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT'))
}

function refusal(path: string, cause: unknown): TroupeError {
  const megabytes = Math.ceil(statSync(path).size / 1024 / 1024)
  return new TroupeError('unavailable', `${path} was left as it is: there is no room for the copy that is made before its schema changes`, {
    hint: `free ${megabytes} MB on its disk, then start again; until then the release that was used before still works`,
    facts: { path, megabytes },
    cause,
  })
}
