import { existsSync, globSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dist, Troupe } from '../e2e/troupe.ts'
import { ownDaemon } from './own-daemon.ts'

const places = ['/usr/lib/*/faketime/libfaketime.so.1', '/usr/lib/faketime/libfaketime.so.1', '/usr/local/lib/faketime/libfaketime.so.1']

/** Why a program's clock cannot be set here; null where it can. In CI that is an error. */
export function whyNoFakedTime(): string | null {
  const reason = library() === null ? 'there is no libfaketime (apt-get install libfaketime)' : null
  if (reason !== null && process.env['CI']) throw new Error(reason)
  if (reason !== null) console.log(`skipped: ${reason}`)
  return reason
}

function library(): string | null {
  return places.flatMap((place) => globSync(place))[0] ?? null
}

/** A team whose daemon, and nothing else, sees a clock that the test sets. */
export class FakedTime extends Troupe {
  readonly #file: string

  constructor(files: Record<string, string>) {
    super(files)
    this.#file = join(this.folder, 'clock')
  }

  /** From now on the daemon's clock is ahead by so many seconds. */
  shift(seconds: number): void {
    writeFileSync(`${this.#file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`)
    renameSync(`${this.#file}.new`, this.#file)
  }

  async startDaemon(): Promise<void> {
    if (!existsSync(this.#file)) this.shift(0)
    await ownDaemon(this, [process.execPath, join(dist, 'daemon.js')], {
      LD_PRELOAD: library() ?? '',
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      // Only the time of day can be set by people and by NTP: waits go by the kernel's other clock.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    })
  }
}
