import { mkdir, readFile, realpath, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../core/clock.ts'
import { TroupeError } from '../../core/error.ts'
import { writeAtomic } from '../../util/atomic-write.ts'
import { isRecord } from '../json.ts'

/** Claude's own lock on its state file is a folder of this name, made by mkdir (proper-lockfile's way). */
const lockSuffix = '.lock'
/** A lock this old is a dead one's: Claude holds it for milliseconds. */
const staleMs = 10_000
const patienceMs = 15_000

type State = Record<string, unknown>

export interface Preparation {
  /** Real path of the folder the compose file names. */
  cwd: string
  /** Set `hasCompletedOnboarding` where it is absent. */
  onboarded: boolean
}

/** What `.claude.json` says already. A missing file is an empty state; an unreadable one is a fault. */
export async function readState(file: string): Promise<State> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'
    throw error
  })
  try {
    const state: unknown = JSON.parse(text)
    if (isRecord(state)) return state
  } catch {
    // said below, with the same words as for JSON that is no object
  }
  throw new TroupeError('config', `${file} is not a JSON object, so nothing is written to it`, {
    hint: 'run `claude` once: it repairs the file or restores its backup',
  })
}

export function trusts(state: State, cwd: string): boolean {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (project(state, folder)['hasTrustDialogAccepted'] === true) return true
    if (folder === dirname(folder)) return false
  }
}

/** The state with what is needed added, or null where nothing is missing. */
export function withTrust(state: State, { cwd, onboarded }: Preparation): State | null {
  const addTrust = !trusts(state, cwd)
  const addOnboarding = onboarded && state['hasCompletedOnboarding'] === undefined
  if (!addTrust && !addOnboarding) return null
  return {
    ...state,
    ...(addOnboarding ? { hasCompletedOnboarding: true } : {}),
    ...(addTrust
      ? { projects: { ...record(state['projects']), [cwd]: { ...project(state, cwd), hasTrustDialogAccepted: true } } }
      : {}),
  }
}

/** Adds the keys under Claude's lock, on a fresh reading, replacing the file whole. */
export async function prepareState(file: string, preparation: Preparation, clock: Clock): Promise<void> {
  if (withTrust(await readState(file), preparation) === null) return
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await locked(file, clock, async () => {
    const state = withTrust(await readState(file), preparation)
    // A link (dotfiles) stays a link: the file behind it is replaced.
    if (state !== null) writeAtomic(await realpath(file).catch(() => file), `${JSON.stringify(state, null, 2)}\n`)
  })
}

async function locked(file: string, clock: Clock, work: () => Promise<void>): Promise<void> {
  const lock = `${file}${lockSuffix}`
  const end = clock.elapsed() + patienceMs
  for (;;) {
    if (await take(lock, clock)) break
    if (clock.elapsed() > end) {
      throw new TroupeError('unavailable', `${file} stays locked by another program`, { hint: `end it, or remove the folder ${lock}` })
    }
    await sleep(50)
  }
  try {
    await work()
  } finally {
    await rm(lock, { recursive: true, force: true })
  }
}

async function take(lock: string, clock: Clock): Promise<boolean> {
  try {
    await mkdir(lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const age = await stat(lock).then(
      (found) => clock.now() - found.mtimeMs,
      () => 0,
    )
    if (age > staleMs) await rm(lock, { recursive: true, force: true })
    return false
  }
}

function project(state: State, folder: string): State {
  return record(record(state['projects'])[folder])
}

function record(value: unknown): State {
  return isRecord(value) ? value : {}
}
