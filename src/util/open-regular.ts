import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { lstat, open, readlink, realpath, type FileHandle } from 'node:fs/promises'
import { isAbsolute, relative, sep } from 'node:path'

export interface Opened {
  file: FileHandle
  /** Where the file is that was opened, without any link. */
  real: string
  bytes: number
}

/** Why it was not opened: `missing`, `forbidden` by its mode, `special` (folder, fifo, socket, device), `changed` while it was opened. */
export class NotOpened extends Error {
  readonly why: 'missing' | 'forbidden' | 'special' | 'changed'

  constructor(why: NotOpened['why'], cause?: unknown) {
    super(`not opened: ${why}`, { cause })
    this.why = why
  }
}

/**
 * Opens a regular file once, for reading. Links are followed first, then the real path is opened without following any,
 * and `real` is that of the file behind the descriptor: whoever swaps a link or a folder meanwhile changes nothing about
 * what was opened. Exact on Linux; elsewhere the file's number is compared with that of its path. Throws NotOpened.
 */
export async function openRegular(path: string): Promise<Opened> {
  const real = await found(realpath(path))
  if (!(await found(lstat(real))).isFile()) throw new NotOpened('special')
  // A fifo that takes the file's place in between must not hold us.
  const file = await found(open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY))
  try {
    const { size, ino, dev } = await file.stat().then((stat) => (stat.isFile() ? stat : Promise.reject(new NotOpened('special'))))
    return { file, real: await placeOf(file, real, { ino, dev }), bytes: size }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The first bytes of a regular file, and how many it has; null where there is none, or it may not be read. Never waits for a fifo. */
export async function beginningOf(path: string, most: number): Promise<{ content: Buffer; bytes: number } | null> {
  try {
    const { file, bytes } = await openRegular(path)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(most, bytes)), 0, Math.min(most, bytes), 0)
      return { content: buffer.subarray(0, bytesRead), bytes }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof NotOpened) return null
    throw error
  }
}

/** The content of a regular file, links followed; waits for nothing. Throws NotOpened for what is none, and for more than `most` bytes RangeError with their number. */
export function contentOf(path: string, most = Number.MAX_SAFE_INTEGER): Buffer {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw new NotOpened('special')
    if (stat.size > most) throw new RangeError(String(stat.size))
    return readFileSync(fd)
  } finally {
    closeSync(fd)
  }
}

async function placeOf(file: FileHandle, real: string, { ino, dev }: { ino: number; dev: number }): Promise<string> {
  if (process.platform === 'linux') return await found(readlink(`/proc/self/fd/${file.fd}`))
  const now = await found(lstat(real))
  if (now.ino !== ino || now.dev !== dev || (await found(realpath(real))) !== real) throw new NotOpened('changed')
  return real
}

async function found<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    if (['ENOENT', 'ENOTDIR'].includes(code)) throw new NotOpened('missing', cause)
    if (['EACCES', 'EPERM'].includes(code)) throw new NotOpened('forbidden', cause)
    if (['ELOOP', 'ENXIO', 'ENODEV'].includes(code)) throw new NotOpened('special', cause)
    throw cause
  }
}

/** Both without links. A folder lies inside itself. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}
