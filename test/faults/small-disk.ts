import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Troupe } from '../e2e/troupe.ts'

/** Why no file system can be mounted here; null where it can. In CI that is an error. */
export function whyNoMount(): string | null {
  const reason = process.platform === 'linux' && process.getuid?.() === 0 ? null : 'only root on Linux can mount a small file system'
  if (reason !== null && process.env['CI']) throw new Error(reason)
  if (reason !== null) console.log(`skipped: ${reason}`)
  return reason
}

/** A team whose `state/` is a small file system of its own, gone with the test. */
export class SmallDisk extends Troupe {
  readonly state: string
  readonly #ballast: string

  constructor(files: Record<string, string>, megabytes = 8) {
    super(files)
    this.state = join(this.root, 'state')
    this.#ballast = join(this.state, 'ballast')
    mkdirSync(this.state, { mode: 0o700 })
    mount('-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', this.state)
  }

  /** Not a byte is left. */
  fill(): void {
    const { bavail, bsize } = statfsSync(this.state)
    for (let left = bavail * bsize, part = 0; left > 0; part++) {
      left = Math.floor(left / 2)
      try {
        writeFileSync(`${this.#ballast}.${part}`, Buffer.alloc(left + 1))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    }
  }

  free(): void {
    for (let part = 0; part < 64; part++) rmSync(`${this.#ballast}.${part}`, { force: true })
  }

  override async remove(): Promise<void> {
    try {
      this.free()
      await this.end()
    } finally {
      execFileSync('umount', ['-l', this.state])
      rmSync(this.folder, { recursive: true, force: true })
    }
  }
}

export function mount(...args: string[]): void {
  execFileSync('mount', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
