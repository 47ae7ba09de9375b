import { mkdirSync, rmSync, statSync } from 'node:fs'

/** Whoever holds the lock does so for one reading and one writing of a small file: after this it is a dead one's, ms. */
const staleMs = 10_000
const patienceMs = 15_000
const lookEveryMs = 20

/**
 * Does a short piece of work on a file while no other program of this user does so. The lock is a folder beside the file,
 * which must have its own folder. Throws where another one holds it for too long.
 */
export function underLock<T>(file: string, work: () => T): T {
  const lock = `${file}.lock`
  const until = performance.now() + patienceMs
  while (!take(lock)) {
    if (performance.now() > until) throw new Error(`${file} stays locked by another program; if none runs, remove the folder ${lock}`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lookEveryMs)
  }
  try {
    return work()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

function take(lock: string): boolean {
  try {
    mkdirSync(lock, { mode: 0o700 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const found = statSync(lock, { throwIfNoEntry: false })
    if (found !== undefined && Date.now() - found.mtimeMs > staleMs) rmSync(lock, { recursive: true, force: true })
    return false
  }
}
