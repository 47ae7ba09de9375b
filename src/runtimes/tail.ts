import { open } from 'node:fs/promises'

const chunkBytes = 1024 * 1024

/** Reads a growing file from where it stopped; hands out whole lines only. */
export class Tail {
  readonly #file: string
  #offset = 0
  #rest = Buffer.alloc(0)

  constructor(file: string) {
    this.#file = file
  }

  /** The new lines. A missing file has none. */
  async *lines(): AsyncGenerator<string> {
    const handle = await open(this.#file, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    if (handle === null) return
    try {
      const chunk = Buffer.alloc(chunkBytes)
      for (;;) {
        const { bytesRead } = await handle.read(chunk, 0, chunkBytes, this.#offset)
        if (bytesRead === 0) return
        this.#offset += bytesRead
        yield* this.#take(Buffer.concat([this.#rest, chunk.subarray(0, bytesRead)]))
      }
    } finally {
      await handle.close()
    }
  }

  *#take(bytes: Buffer): Generator<string> {
    const end = bytes.lastIndexOf(10)
    this.#rest = Buffer.from(bytes.subarray(end + 1))
    if (end < 0) return
    for (const line of bytes.toString('utf8', 0, end).split('\n')) if (line !== '') yield line
  }
}
