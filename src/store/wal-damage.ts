import { readFileSync } from 'node:fs'
import { TroupeError } from '../core/error.ts'

/** Bytes, https://sqlite.org/fileformat2.html#the_write_ahead_log */
const headerSize = 32
const frameHeader = 24
const magic = 0x377f0682

/**
 * SQLite takes a write-ahead log up to the first frame whose checksum is wrong and forgets the rest without a word: right
 * for a write that was cut short, wrong for a commit that a disk damaged later. It is the latter where transactions
 * follow: ours wait for the disk, each for the one before. Throws `config` then; nothing was touched.
 */
export function refuseDamagedWal(path: string): void {
  const wal = `${path}-wal`
  const bytes = read(wal)
  const damaged = bytes === null ? null : damagedFrame(bytes)
  if (damaged === null) return
  throw new TroupeError('config', `${wal} is damaged at its frame ${damaged}: what was stored last, and acknowledged, cannot all be read`, {
    hint: `nothing was touched. Copy ${path} and ${wal} away first; then put a good copy of both back, or mv ${wal} ${wal}.damaged to go on without what stood only there; then troupe daemon start`,
    facts: { path, wal, frame: damaged },
  })
}

type Sum = [number, number]

/** Number of the first damaged frame that a later transaction follows, from 1; null where there is none. */
export function damagedFrame(bytes: Buffer): number | null {
  if (bytes.length < headerSize + frameHeader) return null
  const pageSize = bytes.readUInt32BE(8)
  const size = frameHeader + pageSize
  if ((bytes.readUInt32BE(0) & ~1) !== magic || pageSize < 512 || pageSize > 65_536) return null
  const big = (bytes.readUInt32BE(0) & 1) === 1
  const header = checksum(bytes, 0, 24, [0, 0], big)
  if (!isSum(bytes, 24, header)) return null // never finished: nothing in it was ever committed
  /** What the next frame goes on from: what was worked out for the one before, and what stands there. */
  let before: Sum[] = [header]
  let damaged: number | null = null
  let committed = false
  for (let at = headerSize, frame = 1; at + size <= bytes.length && isOfThisLog(bytes, at); at += size, frame++) {
    const sums = before.map((sum) => checksum(bytes, at + frameHeader, pageSize, checksum(bytes, at, 8, sum, big), big))
    const fits = sums.some((sum) => isSum(bytes, at + 16, sum))
    if (fits && damaged !== null && committed) return damaged
    if (!fits) damaged ??= frame
    committed = bytes.readUInt32BE(at + 4) !== 0
    const stands: Sum = [bytes.readUInt32BE(at + 16), bytes.readUInt32BE(at + 20)]
    before = fits ? [stands] : [stands, ...sums.slice(0, 1)]
  }
  return null
}

/** The salts say so; frames of the log before it are left where they were not written over. */
function isOfThisLog(bytes: Buffer, at: number): boolean {
  return bytes.compare(bytes, 16, 24, at + 8, at + 16) === 0
}

function isSum(bytes: Buffer, at: number, [first, second]: Sum): boolean {
  return bytes.readUInt32BE(at) === first && bytes.readUInt32BE(at + 4) === second
}

function checksum(bytes: Buffer, from: number, length: number, [first, second]: Sum, big: boolean): Sum {
  const words = new DataView(bytes.buffer, bytes.byteOffset + from, length)
  for (let at = 0; at < length; at += 8) {
    first = (first + words.getUint32(at, !big) + second) >>> 0
    second = (second + words.getUint32(at + 4, !big) + first) >>> 0
  }
  return [first, second]
}

function read(file: string): Buffer | null {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
