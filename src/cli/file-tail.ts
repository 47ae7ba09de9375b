import { open, stat, type FileHandle } from 'node:fs/promises'
import { pause } from './pause.ts'

const pollMs = 250
const chunk = 64 * 1024
/** How much of the end of a file is read for the last lines, bytes. */
export const tailBytes = 1024 * 1024

/** The last `bytes` of a file as text, from a line's start on; empty if there is no such file. `end` is where it stopped. */
export async function readEnd(file: string, bytes: number): Promise<{ text: string; end: number; writtenAt: number }> {
  const handle = await openIfThere(file)
  if (handle === null) return { text: '', end: 0, writtenAt: 0 }
  try {
    const { size, mtimeMs } = await handle.stat()
    const from = Math.max(0, size - bytes)
    const buffer = Buffer.alloc(size - from)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, from)
    const text = buffer.toString('utf8', 0, bytesRead)
    return { text: from === 0 ? text : text.slice(text.indexOf('\n') + 1), end: from + bytesRead, writtenAt: mtimeMs }
  } finally {
    await handle.close()
  }
}

/** Yields what is appended to a file from `at` on, until the signal. A file that was replaced or cut is read from its start. */
export async function* follow(file: string, at: number, signal: AbortSignal): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  const buffer = Buffer.alloc(chunk)
  let inode = await inodeOf(file)
  let position = at
  while (!signal.aborted) {
    const handle = await openIfThere(file)
    if (handle !== null) {
      try {
        const { ino, size } = await handle.stat()
        if (size < position || (inode !== null && ino !== inode)) position = 0
        inode = ino
        while (position < size) {
          const { bytesRead } = await handle.read(buffer, 0, chunk, position)
          if (bytesRead === 0) break
          position += bytesRead
          yield decoder.decode(buffer.subarray(0, bytesRead), { stream: true })
        }
      } finally {
        await handle.close()
      }
    }
    await pause(pollMs, signal)
  }
}

/** Null where there is no such file, or none to be seen: then there is nothing to follow yet. */
async function inodeOf(file: string): Promise<number | null> {
  return (await stat(file).catch(() => null))?.ino ?? null
}

async function openIfThere(file: string): Promise<FileHandle | null> {
  try {
    return await open(file, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
