import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes the file (0600) with its folder (0700) before anything is appended to it by somebody with another umask. */
export function prepareLog(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  closeSync(openSync(file, 'a', 0o600))
}

/** Older logs of a file, newest first. */
export function previousLogs(file: string, files: number): string[] {
  return Array.from({ length: files - 1 }, (_, n) => `${file}.${n + 1}`).filter((each) => existsSync(each))
}

/**
 * Sets a log that has grown to `bytes` aside as `.1`, the older ones one further, and drops what goes beyond
 * `files` in all. True where it did: the writer must then open the file anew (until then it writes to `.1`).
 */
export function rotate(file: string, limits: { bytes: number; files: number }): boolean {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size < limits.bytes) return false
  const name = (n: number) => (n === 0 ? file : `${file}.${n}`)
  rmSync(name(limits.files - 1), { force: true })
  for (let n = limits.files - 2; n >= 0; n--) if (existsSync(name(n))) renameSync(name(n), name(n + 1))
  prepareLog(file)
  return true
}
