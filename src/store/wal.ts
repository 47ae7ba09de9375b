import { closeSync, fdatasync, fdatasyncSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { TroupeError } from '../core/error.ts'
import { programPath } from '../util/programs.ts'

/** Frames (pages of 4 KiB) in the log that make a checkpoint worth its two syncs: SQLite's own default. */
const enough = 1_000
/** Commits without a pause never let a pass catch up with them: at this length they wait for one. */
const tooMany = 4_000

/** A disk that answers within so many ms is waited for: another thread costs more than that. */
const quick = 2
/** How many syncs go by another thread once one was slow, before the event loop tries again. */
const whileSlow = 50

interface Frames {
  log: number
  checkpointed: number
}

/**
 * The write-ahead log of a database: to the disk after every commit, and back into the database now and then. A slow
 * disk holds up neither the event loop nor the next batch. SQLite itself then syncs only where it begins the log anew.
 */
export class Wal {
  readonly #path: string
  readonly #writing: DatabaseSync
  readonly #look
  readonly #pass
  #file: number | null = null
  #worker: Worker | null = null
  #passing = false
  #slow = 0
  /** A sync failed: the kernel may have dropped what it could not write, so that the next one would say nothing. */
  #doubtful = false

  constructor(path: string, writing: DatabaseSync) {
    this.#path = path
    this.#writing = writing
    this.#look = writing.prepare('pragma wal_checkpoint(noop)')
    this.#pass = writing.prepare('pragma wal_checkpoint(passive)')
  }

  /** Resolves once all that is committed now is on the disk. From the first call on no commit is synced by SQLite itself. */
  async sync(): Promise<void> {
    try {
      await this.#write((this.#file ??= this.#open()))
    } catch (error) {
      this.#doubtful = true
      throw error
    }
    if (this.#doubtful) this.#rewrite()
    this.#shorten()
  }

  async #write(file: number): Promise<void> {
    if (this.#slow > 0) {
      this.#slow -= 1
      return await promisify(fdatasync)(file)
    }
    const began = performance.now()
    fdatasyncSync(file)
    if (performance.now() - began > quick) this.#slow = whileSlow
  }

  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    if (worker !== null) {
      const ended = new Promise((resolve) => worker.once('exit', resolve))
      worker.ref()
      worker.postMessage(null)
      await ended
    }
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
  }

  /** No lock of SQLite's hangs on this file: it may be opened and closed beside it. Its name must last, too. */
  #open(): number {
    const folder = openSync(dirname(this.#path), 'r')
    fsyncSync(folder)
    closeSync(folder)
    this.#writing.exec('pragma synchronous = normal')
    return openSync(`${this.#path}-wal`, 'r+')
  }

  /** Everything in the log, written again into another file and synced there. Throws as long as that cannot be done. */
  #rewrite(): void {
    const { log, checkpointed } = frames(this.#pass.get())
    if (checkpointed < log) throw unsynced(this.#path)
    this.#doubtful = false
  }

  #shorten(): void {
    const { log, checkpointed } = frames(this.#look.get())
    if (log < enough || checkpointed === log || this.#passing) return
    if (log >= tooMany && log - checkpointed < enough) this.#pass.get()
    else this.#begin()
  }

  #begin(): void {
    this.#passing = true
    this.#worker ??= this.#start()
    this.#worker.postMessage('pass')
  }

  #start(): Worker {
    const worker = new Worker(programPath('checkpointer'), { workerData: this.#path, resourceLimits: { maxYoungGenerationSizeMb: 1 } })
    worker.on('message', () => (this.#passing = false))
    // It cannot work, and is not asked again: SQLite itself then shortens the log, and commits wait for it.
    worker.on('error', () => this.#writing.isOpen && this.#writing.exec(`pragma wal_autocheckpoint = ${enough}`))
    // Of one that is over no end can be waited for.
    worker.on('exit', () => (this.#worker = null))
    worker.unref()
    return worker
  }
}

export function unsynced(path: string, cause?: Error): TroupeError {
  return new TroupeError('unavailable', `the disk of ${path} failed: what was written may be stored or not${cause === undefined ? '' : ` (${cause.message})`}`, {
    hint: 'check the disk; a repeated send with the same key is safe',
    facts: { path, uncertain: true },
    cause,
  })
}

function frames(row: Record<string, unknown> | undefined): Frames {
  return { log: Number(row?.['log']), checkpointed: Number(row?.['checkpointed']) }
}
