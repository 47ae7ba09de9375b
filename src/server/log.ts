import { closeSync, fstatSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { pino, type Logger } from 'pino'
import type { LogLevel } from '../config/log-level.ts'

/** The daemon's own log, bytes and number of files. */
export const logSize = { bytes: 5 * 1024 * 1024, files: 3 }

/**
 * JSON lines to `file` (0600), written at once, so that the last words before a crash are there. Over the size the
 * file becomes `.1`, that one `.2`, and so on; the oldest goes. What a full disk does not take is counted, and told by
 * the first line that fits again: a log never stops what it tells of.
 */
export function openLog(file: string, size = logSize, level: LogLevel = 'info'): Logger {
  const log = new RotatedFile(file, size)
  let lost: { lines: number; why: string } | null = null
  return pino({ level, base: { pid: process.pid } }, {
    write(line) {
      try {
        if (lost !== null) log.write(gap(lost.lines, lost.why))
        lost = null
        log.write(line)
      } catch (error) {
        lost = { lines: (lost?.lines ?? 0) + 1, why: error instanceof Error ? error.message : String(error) }
      }
    },
  })
}

function gap(lines: number, why: string): string {
  return `${JSON.stringify({ level: 40, time: Date.now(), pid: process.pid, msg: `${lines} lines of this log are lost: ${why}` })}\n`
}

class RotatedFile {
  readonly #file: string
  readonly #size: typeof logSize
  #fd: number
  #written: number
  /** A line that was cut off by a full disk: the next one must not go on with it. */
  #cut = false

  constructor(file: string, size: typeof logSize) {
    this.#file = file
    this.#size = size
    this.#fd = openSync(file, 'a', 0o600)
    this.#written = fstatSync(this.#fd).size
  }

  write(line: string): void {
    const bytes = Buffer.from(this.#cut ? `\n${line}` : line)
    if (this.#written > 0 && this.#written + bytes.length > this.#size.bytes) this.#rotate()
    const written = writeSync(this.#fd, bytes)
    this.#written += written
    this.#cut = written < bytes.length
    if (this.#cut) throw new Error('no space left on device')
  }

  /** The old file stays open until the new one is. */
  #rotate(): void {
    rotate(this.#file, this.#size.files)
    const fd = openSync(this.#file, 'a', 0o600)
    closeSync(this.#fd)
    this.#fd = fd
    this.#written = fstatSync(fd).size
  }
}

function rotate(file: string, files: number): void {
  for (let n = files - 1; n >= 1; n -= 1) {
    const from = n === 1 ? file : `${file}.${n - 1}`
    if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, `${file}.${n}`)
  }
}
