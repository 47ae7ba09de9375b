import { closeSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { LaneEntry, LaneFact } from '../../util/lane-link.ts'
import { LineCutter } from '../../util/lines.ts'

/** Bytes of the newest entries that are at hand without the disk. */
const inMemory = 4 * 1024 * 1024
/** Each of the two files, bytes. The older goes when the newer is full. */
const fileBytes = 64 * 1024 * 1024
const chunkBytes = 1024 * 1024
/** Between two entries whose place on the disk is remembered, bytes. */
const placeBytes = 1024 * 1024

/** Where an entry begins in its file. */
interface Place {
  n: number
  at: number
}

interface Kept {
  entry: LaneEntry
  size: number
}

/**
 * Everything that was said, numbered, on disk and the newest of it in memory. What nobody has heard yet is kept as long
 * as the two files have room; then the oldest goes, and `first` tells.
 */
export class Record {
  readonly #folder: string
  readonly #now: () => number
  #memory: Kept[] = []
  #bytes = 0
  #next = 1
  #first = 1
  /** Of the newer file: its size, and its first entry. */
  #size = 0
  #begins = 1
  /** Of each file, oldest first. */
  #places: { older: Place[]; newer: Place[] } = { older: [], newer: [] }
  #open: number | null = null
  #diskFails = false

  /** Begins anew: what stands in the folder is of an earlier process. */
  constructor(folder: string, now: () => number) {
    this.#folder = folder
    this.#now = now
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const file of [this.#older, this.#newer]) rmSync(file, { force: true })
  }

  get first(): number {
    return this.#first
  }

  get next(): number {
    return this.#next
  }

  add(fact: LaneFact): LaneEntry {
    const entry: LaneEntry = { n: this.#next++, at: this.#now(), ...fact }
    const line = `${JSON.stringify(entry)}\n`
    const size = Buffer.byteLength(line)
    this.#write(line, size, entry.n)
    this.#memory.push({ entry, size })
    this.#bytes += size
    while (this.#bytes > inMemory && this.#memory.length > 1) this.#bytes -= this.#memory.shift()?.size ?? 0
    if (this.#diskFails) this.#first = this.#memory[0]?.entry.n ?? this.#next
    return entry
  }

  /** Entries from `n` on, oldest first; some of them, and none where there are none. Those that are gone are passed over. */
  from(n: number): LaneEntry[] {
    const oldest = this.#memory[0]?.entry.n ?? this.#next
    const from = Math.max(n, this.#first)
    try {
      if (from < oldest) return [...this.#onDisk(from, oldest)]
    } catch {
      // Thrown at who listens, it would end the CLI. As with a full disk: memory goes on, and `first` says what is gone.
      this.#diskFails = true
      this.#first = oldest
    }
    return this.#memory.slice(Math.max(0, from - oldest)).map(({ entry }) => entry)
  }

  #write(line: string, size: number, n: number): void {
    if (this.#diskFails) return
    try {
      if (this.#size > 0 && this.#size + size > fileBytes) this.#turnOver(n)
      this.#open ??= openSync(this.#newer, 'a', 0o600)
      const last = this.#places.newer.at(-1)
      if (last === undefined || this.#size - last.at >= placeBytes) this.#places.newer.push({ n, at: this.#size })
      for (let rest = Buffer.from(line); rest.length > 0; ) rest = rest.subarray(writeSync(this.#open, rest))
      this.#size += size
    } catch {
      this.#diskFails = true // a full disk: memory goes on, and `first` says what is gone
    }
  }

  #turnOver(n: number): void {
    if (this.#open !== null) closeSync(this.#open)
    this.#open = null
    renameSync(this.#newer, this.#older)
    this.#places = { older: this.#places.newer, newer: [] }
    this.#first = this.#begins
    this.#begins = n
    this.#size = 0
  }

  /** At most as much as memory holds at a time. */
  *#onDisk(from: number, before: number): Generator<LaneEntry> {
    let bytes = 0
    for (const [file, places] of [[this.#older, this.#places.older], [this.#newer, this.#places.newer]] as const) {
      for (const line of linesOf(file, places.findLast(({ n }) => n <= from)?.at ?? 0)) {
        if (numberOf(line) < from) continue
        if (numberOf(line) >= before || bytes > inMemory) return
        bytes += line.length
        yield JSON.parse(line.toString()) as LaneEntry
      }
    }
  }

  get #older(): string {
    return join(this.#folder, 'said.1.jsonl')
  }

  get #newer(): string {
    return join(this.#folder, 'said.jsonl')
  }
}

/** Each line begins with its number. */
function numberOf(line: Buffer): number {
  return Number(/^\{"n":(\d+)/.exec(line.toString('latin1', 0, 24))?.[1] ?? 0)
}

function* linesOf(file: string, at: number): Generator<Buffer> {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return
  const open = openSync(file, 'r')
  try {
    const cutter = new LineCutter(Infinity)
    const chunk = Buffer.alloc(chunkBytes)
    const next = () => readSync(open, chunk, 0, chunkBytes, at)
    for (let read = next(); read > 0; read = next()) {
      at += read
      for (const line of cutter.push(Buffer.from(chunk.subarray(0, read)))) if (line !== 'too long') yield line
    }
  } finally {
    closeSync(open)
  }
}
