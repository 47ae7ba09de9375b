import { closeSync, fstatSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { pino, type Logger } from 'pino'

/** The daemon's own log, bytes and number of files. */
export const logSize = { bytes: 5 * 1024 * 1024, files: 3 }

/**
 * JSON lines to `file` (0600), written at once, so that the last words before a crash are there. Over the size the
 * file becomes `.1`, that one `.2`, and so on; the oldest goes.
 */
export function openLog(file: string, size = logSize): Logger {
  let { fd, written } = open(file)
  return pino({ base: { pid: process.pid } }, {
    write(line) {
      const bytes = Buffer.byteLength(line)
      if (written > 0 && written + bytes > size.bytes) {
        closeSync(fd)
        rotate(file, size.files)
        ;({ fd, written } = open(file))
      }
      writeSync(fd, line)
      written += bytes
    },
  })
}

function open(file: string): { fd: number; written: number } {
  const fd = openSync(file, 'a', 0o600)
  return { fd, written: fstatSync(fd).size }
}

function rotate(file: string, files: number): void {
  for (let n = files - 1; n >= 1; n -= 1) {
    const from = n === 1 ? file : `${file}.${n - 1}`
    if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, `${file}.${n}`)
  }
}
