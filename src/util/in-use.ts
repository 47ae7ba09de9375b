import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { run } from './spawn.ts'

export interface User {
  pid: number
  program: string
}

/**
 * Processes that have a folder, or something in it, as their working folder or open. Of other users' processes nothing can be seen.
 * `folder` without links.
 */
export async function usersOf(folder: string): Promise<User[]> {
  return process.platform === 'linux' ? inProc(folder) : await byLsof(folder)
}

function inProc(folder: string): User[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => [`/proc/${pid}/cwd`, ...list(`/proc/${pid}/fd`).map((fd) => `/proc/${pid}/fd/${fd}`)].some((link) => isBelow(folder, link)))
    .map((pid) => ({ pid: Number(pid), program: nameOf(pid) }))
}

function isBelow(folder: string, link: string): boolean {
  try {
    const target = readlinkSync(link)
    return target === folder || target.startsWith(`${folder}/`)
  } catch {
    return false // gone, or another user's
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // gone, or another user's
  }
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return '?' // gone by now
  }
}

/** Whether a process has this among its arguments, word for word. */
export async function isArgument(word: string): Promise<boolean> {
  if (process.platform === 'linux') return list('/proc').some((pid) => /^\d+$/.test(pid) && argumentsOf(pid).includes(word))
  const { stdout } = await run(['ps', '-axww', '-o', 'command='])
  return stdout.split('\n').some((line) => line.includes(` ${word} `) || line.endsWith(` ${word}`))
}

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return [] // gone by now
  }
}

async function byLsof(folder: string): Promise<User[]> {
  const { stdout } = await run(['lsof', '-w', '-F', 'pc', '+D', folder], { timeoutMs: 60_000 })
  const found: User[] = []
  for (const line of stdout.split('\n')) {
    if (line.startsWith('p')) found.push({ pid: Number(line.slice(1)), program: '?' })
    const last = found.at(-1)
    if (line.startsWith('c') && last !== undefined) last.program = line.slice(1)
  }
  return found
}
