import { readdirSync, readFileSync } from 'node:fs'

/** Whether a process runs; one that only waits to be reaped does not. */
export function alive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z')
  } catch {
    return false // no such process
  }
}

/** Processes that carry an incarnation in their environment. */
export function environmentCarriers(incarnation: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && alive(pid) && read(`/proc/${pid}/environ`).includes(`TROUPE_INCARNATION=${incarnation}`))
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // gone meanwhile, or another user's
  }
}
