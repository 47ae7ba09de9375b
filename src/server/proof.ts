import { randomBytes } from 'node:crypto'
import { closeSync, lstatSync, openSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { proofName } from '../api/wire.ts'
import { processOf, type Process } from '../util/processes.ts'

const left = /^proof-[0-9a-f]{32}$/

/**
 * Whether the process that a client names is the client: it was asked to make a file of a name that only this connection
 * knows, and to hold it open; that very process must have it among its open files. A guard-rail: who can make the other
 * process open a file, or hands a descriptor on, still names whom it likes. Linux only: elsewhere nobody's open files can be read.
 */
export class Proof {
  readonly challenge = randomBytes(16).toString('hex')
  readonly #file: string
  #pid = 0
  #seen: Promise<Process | undefined> = Promise.resolve(undefined)

  constructor(folder: string) {
    this.#file = join(folder, proofName(this.challenge))
  }

  /** Takes note of the process before it can have answered: another one of the same number is not taken for it. */
  greeted(pid: number): void {
    this.#pid = pid
    this.#seen = processOf(pid)
  }

  /** Why it is not proved, as a part of a sentence; null where it is. `fd`: where the client says that it holds the file; null: it could make none. */
  async fault(fd: number | null): Promise<string | null> {
    const before = await this.#seen
    if (fd === null && this.#noneCanBeMade()) return null
    if (fd === null || !Number.isSafeInteger(fd)) return 'it holds no file open for this connection'
    try {
      const made = lstatSync(this.#file)
      const held = statSync(`/proc/${this.#pid}/fd/${fd}`)
      if (statSync(`/proc/${this.#pid}`).uid !== process.getuid?.()) return 'it belongs to another user'
      if (!made.isFile() || made.nlink !== 1 || made.size !== 0) return 'the file of this connection is not as a client makes it'
      if (made.dev !== held.dev || made.ino !== held.ino) return 'it does not hold the file of this connection open'
    } catch {
      return 'it does not hold the file of this connection open' // no such file, process or descriptor, or not ours to read
    }
    return before !== undefined && (await processOf(this.#pid))?.started === before.started ? null : 'it began after the connection did'
  }

  /** Takes the file away. Idempotent. */
  leave(): void {
    try {
      rmSync(this.#file, { force: true })
    } catch {
      // A disk that takes no change: swept when the next daemon listens.
    }
  }

  /** A full or read-only disk, or a folder without its mode, keeps nobody from looking at the team. */
  #noneCanBeMade(): boolean {
    try {
      closeSync(openSync(this.#file, 'wx', 0o600))
      return false
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'EEXIST'
    } finally {
      this.leave()
    }
  }
}

/** What clients left in a folder where no daemon was there to take it away. */
export function sweepProofs(folder: string): void {
  for (const name of readdirSync(folder)) if (left.test(name)) rmSync(join(folder, name), { force: true })
}
