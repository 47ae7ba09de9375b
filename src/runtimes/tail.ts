import { open, stat } from 'node:fs/promises'
import { longestLine } from '../util/lane-link.ts'
import { LineCutter } from '../util/lines.ts'

const chunkBytes = 1024 * 1024

/** Reads a growing file from where it stopped; hands out whole lines only, and none over 64 MB. One reading at a time. */
export class Tail {
  readonly #file: string
  /** Of the file that was read: another one in its place is read from its beginning. */
  #inode: number | null = null
  #offset = 0
  #cutter = new LineCutter(longestLine)

  constructor(file: string) {
    this.#file = file
  }

  /** The new lines. A missing file has none; one that has not grown is not opened. */
  async *lines(): AsyncGenerator<string> {
    const found = await stat(this.#file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    if (found === null) return
    if (found.ino !== this.#inode || found.size < this.#offset) this.#begin(found.ino)
    if (found.size > this.#offset) yield* this.#new()
  }

  #begin(inode: number): void {
    this.#inode = inode
    this.#offset = 0
    this.#cutter = new LineCutter(longestLine)
  }

  async *#new(): AsyncGenerator<string> {
    const handle = await open(this.#file, 'r')
    try {
      for (;;) {
        // A chunk each: the beginning of a line that has no end yet stays in it.
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(chunkBytes), 0, chunkBytes, this.#offset)
        if (bytesRead === 0) return
        this.#offset += bytesRead
        for (const line of this.#cutter.push(buffer.subarray(0, bytesRead))) if (line !== 'too long') yield line.toString()
      }
    } finally {
      await handle.close()
    }
  }
}
