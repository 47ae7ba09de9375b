import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Troupe } from '../e2e/troupe.ts'
import { mount, whyNoMount } from './small-disk.ts'

/** What a file system that became read-only refuses of a file that was open before. */
const writing = 'write,writev,pwrite64,pwritev,ftruncate,fallocate,fsync,fdatasync'

/** Why no state can be made read-only under a daemon here; null where it can. In CI that is an error. */
export function whyNoReadOnly(): string | null {
  const reason = spawnSync('strace', ['-V']).status === 0 ? whyNoMount() : 'there is no strace (apt-get install strace)'
  if (reason !== null && process.env['CI']) throw new Error(reason)
  if (reason !== null) console.log(`skipped: ${reason}`)
  return reason
}

/**
 * A team whose `state/` becomes read-only as the kernel makes it after an error: a read-only mount over it refuses
 * whatever is opened from now on (no mount can be made read-only while files are open for writing), and the running
 * daemon's own writes into what it had open fail with the same error.
 */
export class ReadOnlyState extends Troupe {
  readonly state: string
  #refusing: ChildProcess | null = null
  #mounted = false
  #immutable: string[] = []

  constructor(files: Record<string, string>) {
    super(files)
    this.state = join(this.root, 'state')
  }

  readOnly(daemon: number): void {
    const files = readdirSync(this.state, { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name))
    mount('-o', 'bind,ro', this.state, this.state)
    this.#mounted = true
    const paths = files.flatMap((file) => ['-P', file])
    const argv = ['-f', '-qq', '-p', String(daemon), '-o', join(this.folder, 'trace'), '-e', `inject=${writing}:error=EROFS`, ...paths]
    this.#refusing = spawn('strace', argv, { stdio: 'ignore' })
  }

  /** The mount and the daemon's own files alike. */
  async writable(): Promise<void> {
    const refusing = this.#refusing
    this.#refusing = null
    if (refusing?.exitCode === null && refusing.signalCode === null) {
      const gone = once(refusing, 'exit')
      refusing.kill('SIGTERM')
      await gone
    }
    if (this.#mounted) execFileSync('umount', ['-l', this.state])
    this.#mounted = false
  }

  /** False where the file system knows no such attribute, or nobody may set it. */
  immutable(...files: string[]): boolean {
    const { status, stderr } = spawnSync('chattr', ['+i', ...files], { encoding: 'utf8' })
    this.#immutable = files
    if (status !== 0) console.log(`no file can be made immutable here: ${stderr}`)
    return status === 0
  }

  mutable(): void {
    if (this.#immutable.length > 0) execFileSync('chattr', ['-i', ...this.#immutable])
    this.#immutable = []
  }

  override async remove(): Promise<void> {
    await this.writable()
    this.mutable()
    await super.remove()
  }
}
