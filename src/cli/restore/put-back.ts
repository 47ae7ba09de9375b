import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { databaseName, restoringName } from '../../core/backup.ts'
import { syncFolder, writeAtomic } from '../../util/atomic-write.ts'
import { copySynced } from '../../util/manifest.ts'
import type { Backup } from './read-backup.ts'

/** What is left to do in a root, beside the files that go there. */
const planName = 'plan.json'
const plan = z.object({
  /** Of the backup, hex. */
  digest: z.string(),
  /** Where the `state` that was there goes, absolute; with `.files`, where the other files go. */
  aside: z.string(),
  /** Files outside of `state`, by their paths in the root. */
  files: z.array(z.string()),
  /** What may stand there and goes without a successor: logs of a database that was there before. */
  leaving: z.array(z.string()),
})
type Plan = z.infer<typeof plan>

/** Called after each step, for tests that stop there. */
export type Step = (done: string) => void

const nothing: Step = () => undefined

/**
 * Puts a checked backup into a root; where it set aside what was there, null if nothing was. A new root appears whole, by
 * one rename. For one that is there, all that comes is laid ready inside of it, and given its name by one rename: before
 * that nothing has happened, after it the restore is certain. No daemon starts on the root until the rest is done, and
 * doing it again does the rest.
 */
export async function putBack(folder: string, backup: Backup, root: string, step: Step = nothing): Promise<string | null> {
  const earlier = finish(root, step)
  if (earlier?.digest === backup.digest) return earlier.aside
  sweep(root)
  if (!existsSync(root)) {
    await makeNew(folder, backup, root, step)
    return null
  }
  const part = join(root, `${restoringName}.${process.pid}.part`)
  try {
    await stage(folder, backup, part, step)
    writeAtomic(join(part, planName), JSON.stringify(planOf(backup, root)))
    step('planned')
    renameSync(part, join(root, restoringName))
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
  syncFolder(root)
  step('certain')
  return finish(root, step)?.aside ?? null
}

async function makeNew(folder: string, backup: Backup, root: string, step: Step): Promise<void> {
  const part = `${root}.${process.pid}.restore`
  mkdirSync(dirname(root), { recursive: true })
  try {
    await stage(folder, backup, part, step)
    renameSync(part, root)
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
  syncFolder(dirname(root))
}

async function stage(folder: string, { files, database }: Backup, part: string, step: Step): Promise<void> {
  mkdirSync(join(part, 'state'), { recursive: true, mode: 0o700 })
  for (const { path } of files) {
    await copySynced(join(folder, path), join(part, path === databaseName ? database : path))
    step(`copied ${path}`)
  }
}

function planOf({ at, digest, files, database }: Backup, root: string): Plan {
  const aside = freeName(join(root, `state.before-restore-${new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`), (name) => existsSync(name) || existsSync(`${name}.files`))
  const outside = files.map(({ path }) => (path === databaseName ? database : path)).filter((path) => !path.startsWith('state/'))
  return { digest, aside, files: outside, leaving: outside.includes(database) ? [`${database}-wal`, `${database}-shm`] : [] }
}

/** Does the rest of what is certain; null where nothing is. Each step is done or not done, and looks for itself. */
function finish(root: string, step: Step): Plan | null {
  const ready = join(root, restoringName)
  if (!existsSync(ready)) return null
  const todo = readPlan(ready)
  if (todo !== null) {
    // A log of the database that was there before would be taken for the new one's.
    for (const path of todo.leaving) setAside(join(root, path), join(`${todo.aside}.files`, path), step)
    for (const path of todo.files) place(join(ready, path), join(root, path), join(`${todo.aside}.files`, path), step)
    place(join(ready, 'state'), join(root, 'state'), todo.aside, step)
    syncFolder(root)
  }
  rmSync(ready, { recursive: true, force: true })
  step('done')
  return todo
}

/** Null: all was in its place, and the end of the rest was cut short. */
function readPlan(ready: string): Plan | null {
  const file = join(ready, planName)
  return existsSync(file) ? plan.parse(JSON.parse(readFileSync(file, 'utf8'))) : null
}

function place(from: string, to: string, aside: string, step: Step): void {
  if (!existsSync(from)) return
  setAside(to, aside, step)
  mkdirSync(dirname(to), { recursive: true })
  renameSync(from, to)
  step(`placed ${to}`)
}

function setAside(there: string, aside: string, step: Step): void {
  if (!existsSync(there)) return
  mkdirSync(dirname(aside), { recursive: true })
  // Whoever came meanwhile does not take the place of what was there at first.
  renameSync(there, freeName(aside))
  step(`set aside ${there}`)
}

/** Parts of restores that were killed before anything was certain. */
function sweep(root: string): void {
  for (const [folder, begin, end] of [[root, `${restoringName}.`, '.part'], [dirname(root), `${basename(root)}.`, '.restore']] as const) {
    if (!existsSync(folder)) continue
    for (const name of readdirSync(folder)) {
      const pid = name.startsWith(begin) && name.endsWith(end) ? name.slice(begin.length, -end.length) : ''
      if (/^\d+$/.test(pid)) rmSync(join(folder, name), { recursive: true, force: true })
    }
  }
}

function freeName(wanted: string, taken: (name: string) => boolean = existsSync): string {
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? wanted : `${wanted}-${n}`
    if (!taken(name)) return name
  }
}
