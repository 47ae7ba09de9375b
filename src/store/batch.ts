import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { JournalEvent, NewEvent } from '../core/event.ts'
import type { Anchors } from './anchors.ts'
import { saveNumbers } from './counters.ts'
import type { Db, Engine } from './engine.ts'
import { appendEvents, chain, pageOf, streamName } from './journal.ts'
import type { Pending } from './journal.ts'
import { retrying } from './retry.ts'
import { inSavepoint } from './savepoint.ts'
import type { Written } from './schema.ts'
import { fenced, isFenced, moveStream, settledStream } from './stream.ts'
import type { Position } from './stream.ts'
import { rollBack } from './transaction.ts'
import type { OpenTransaction } from './transaction.ts'

/** More writes than this in one turn share several transactions, so that the event loop gets its turn between. */
const largestBatch = 256

/** Waiting for company must stay unnoticed: so many ms, or a part of what the last commit took on a slow disk, where missing one is dear. */
const longestGathering = { ms: 2, part: 0.25 }

/** The journal's line of a change of the database by anything but its daemon. */
const foreignWrite = 'store.foreign_write'

/** Work inside a batch: the database, and where its journal lines go. */
export type Work<T> = (db: Db, journal: (event: NewEvent) => void) => Promise<T>

interface Job {
  work: Work<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
}

type Outcome = { ok: true; value: unknown; pending: Pending[] } | { ok: false; error: unknown }

/** What a batch became, and where the stream ends after it. */
interface Result {
  outcomes: Outcome[]
  events: JournalEvent[]
  position: Position
  foreign: number
}

interface Parts {
  engine: Engine
  by: Written
  position: Position
  anchors: Anchors
  clock: Clock
  shutOut(error: TroupeError): void
}

/**
 * Group commit: the writes of one turn of the event loop run one after another in one transaction, each in its
 * savepoint, and are answered once it is committed and on the disk; meanwhile the next ones gather. Only one batch runs
 * at a time.
 */
export class GroupCommit {
  readonly #parts: Parts
  readonly #stream: string
  readonly #inside = new AsyncLocalStorage<{ running: boolean }>()
  readonly #listeners = new Set<(events: JournalEvent[]) => void>()
  #queue: Job[] = []
  #running: Promise<void> | null = null
  /** From the commit of a batch until it is on the disk. */
  #syncing: PromiseWithResolvers<void> | null = null
  /** Committed, but the sync failed: told of once a later one takes them along. */
  #untold: Result[] = []
  /** Of the last batch: how many writers there were at its end, answered or waiting, and what it took, ms. */
  #last = { writers: 0, ms: 0 }
  #position: Position
  /** Mark of a batch whose commit was lost and could not be looked up yet. */
  #uncertain: string | null = null
  /** Changes of the database by others that the journal tells of. */
  #foreign = 0

  constructor(parts: Parts) {
    this.#parts = parts
    this.#position = parts.position
    this.#stream = streamName(parts.by)
  }

  write<T>(work: Work<T>): Promise<T> {
    if (this.#inside.getStore()?.running === true) {
      throw new TroupeError('internal', 'write() was called inside a write: it would wait for itself')
    }
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, resolve: resolve as Job['resolve'], reject })
      this.#running ??= this.#drain()
    })
  }

  subscribe(listener: (events: JournalEvent[]) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Resolves once everything that is committed now is on the disk too: what was read of it may be passed on. */
  async durable(): Promise<void> {
    await this.#syncing?.promise
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#gather()
      const jobs = this.#queue.splice(0, largestBatch)
      const began = performance.now()
      await this.#answer(jobs)
      this.#last = { writers: jobs.length + this.#queue.length, ms: performance.now() - began }
    }
    this.#running = null
  }

  /**
   * One turn of the event loop, and a few more while those who wrote last may come again: sharing their commit is
   * cheaper than two. Never longer than the last commit took.
   */
  async #gather(): Promise<void> {
    const { ms, part } = longestGathering
    const until = performance.now() + Math.min(this.#last.ms, Math.max(ms, this.#last.ms * part))
    do await new Promise<void>((resolve) => setImmediate(resolve))
    while (this.#queue.length < this.#last.writers && performance.now() < until)
  }

  async #answer(jobs: Job[]): Promise<void> {
    const { engine, clock } = this.#parts
    try {
      const result = await retrying(engine, clock, () => this.#attempt(jobs))
      this.#untold.push(result)
      await engine.sync?.()
      for (const [index, outcome] of result.outcomes.entries()) {
        if (outcome.ok) jobs[index]?.resolve(outcome.value)
        else jobs[index]?.reject(engine.explain(outcome.error))
      }
    } catch (error) {
      for (const job of jobs) job.reject(engine.explain(error))
      if (isFenced(error)) this.#parts.shutOut(error)
      return
    } finally {
      this.#syncing?.resolve()
      this.#syncing = null
    }
    for (const { position, events } of this.#untold.splice(0)) this.#tell(position, events)
  }

  #tell({ seq, hash }: Position, events: JournalEvent[]): void {
    if (events.length > 0) this.#parts.anchors.moved(this.#stream, { seq, hash })
    this.#publish(events)
  }

  #publish(events: JournalEvent[]): void {
    if (events.length === 0) return
    for (const listener of this.#listeners) {
      try {
        listener(events)
      } catch (error) {
        // A listener's defect is not the writer's: the commit stands, the others are told, the fault is raised alone.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  /**
   * Hardly a write fails, and savepoints cost as much as the inserts between them: they are set where one did, in a
   * second run. A write alone needs none: if it fails, the whole transaction goes.
   */
  async #attempt(jobs: Job[]): Promise<Result> {
    const done = (await this.#transact(jobs, jobs.length === 1)) ?? (await this.#transact(jobs, true))
    if (done === null) throw new TroupeError('internal', 'a write failed in spite of its savepoint')
    return done
  }

  /** `alone`: no write's failure is another's. Else null where one failed; nothing happened then. */
  async #transact(jobs: Job[], alone: boolean): Promise<Result | null> {
    const { engine, by } = this.#parts
    const trx = await engine.writer.startTransaction().execute()
    let done: Result
    try {
      await engine.lock(trx, by.team)
      if (this.#uncertain !== null) await this.#settle(trx, this.#uncertain)
      const outcomes = await this.#run(trx, jobs, alone && jobs.length > 1)
      if (outcomes.every((outcome) => !outcome.ok)) {
        await rollBack(trx)
        return alone ? { outcomes, events: [], position: this.#position, foreign: this.#foreign } : null
      }
      done = await this.#append(trx, outcomes)
    } catch (error) {
      await rollBack(trx)
      if (!alone && engine.fault(error) === 'work') return null
      throw error
    }
    await this.#finish(trx, done.position)
    this.#foreign = done.foreign
    return done
  }

  /** What is written once for the whole batch. */
  async #append(trx: OpenTransaction, outcomes: Outcome[]): Promise<Result> {
    const { by } = this.#parts
    const foreign = this.#parts.engine.foreign?.() ?? 0
    const pending = outcomes.flatMap((outcome) => (outcome.ok ? outcome.pending : []))
    if (foreign !== this.#foreign) pending.unshift(this.#foreignWrite())
    const events = chain(this.#stream, this.#position, pending)
    const last = events.at(-1) ?? this.#position
    const position = { seq: last.seq, hash: last.hash, batch: randomUUID() }
    await Promise.all([moveStream(trx, by, this.#position, position), saveNumbers(trx, by.team), appendEvents(trx, by.team, events)])
    return { outcomes, events, position, foreign }
  }

  /** We hold the team's lock: whoever else wrote is no daemon of ours. */
  #foreignWrite(): Pending {
    const { engine, clock } = this.#parts
    return { type: foreignWrite, subject: engine.where, agent: null, at: clock.now(), data: { database: engine.where, by: null } }
  }

  /** Commits. Where the connection is lost meanwhile, looks up what became of it before anything is tried again. */
  async #finish(trx: OpenTransaction, next: Position): Promise<void> {
    // Set first: whoever sees the commit waits with it.
    if (this.#parts.engine.sync !== null) this.#syncing ??= Promise.withResolvers()
    try {
      await trx.commit().execute()
    } catch (error) {
      await rollBack(trx)
      if (this.#parts.engine.fault(error) !== 'lost' || !(await this.#arrived(next.batch))) throw error
    }
    this.#position = next
  }

  async #arrived(batch: string): Promise<boolean> {
    const { engine, by, clock } = this.#parts
    this.#uncertain = batch
    try {
      const found = await retrying(engine, clock, () => settledStream(engine.writer, by))
      this.#uncertain = null
      return this.#isOurs(found, batch)
    } catch (cause) {
      if (this.#uncertain === null) throw cause
      throw new TroupeError(
        'unavailable',
        `${engine.where} was lost in the middle of a commit: what was written may be stored or not`,
        {
          hint: 'ask again once the database is back; a repeated send with the same key is safe',
          facts: { uncertain: true },
          cause,
        },
      )
    }
  }

  /** Did this batch move the stream? Throws `conflict` if neither it nor the one before it was the last to do so. */
  #isOurs(found: Position, batch: string): boolean {
    if (found.batch !== batch && found.batch !== this.#position.batch) throw fenced(this.#parts.by)
    return found.batch === batch
  }

  /** The first batch after an uncertain one: finds out, and tells of what landed then. */
  async #settle(trx: OpenTransaction, batch: string): Promise<void> {
    const { by } = this.#parts
    const found = await settledStream(trx, by)
    this.#isOurs(found, batch)
    const landed = await pageOf(trx, by.team, this.#stream, this.#position.seq, found.seq - this.#position.seq)
    this.#uncertain = null
    this.#position = found
    this.#tell(found, landed)
  }

  /** Throws what a write threw where nothing else could keep the others from its failure. */
  async #run(trx: OpenTransaction, jobs: Job[], savepoints: boolean): Promise<Outcome[]> {
    const isFault = (error: unknown): boolean => this.#parts.engine.fault(error) === 'work'
    const outcomes: Outcome[] = []
    for (const job of jobs) {
      const outcome = savepoints ? await inSavepoint(trx, () => this.#one(trx, job), isFault) : await this.#one(trx, job)
      if (!outcome.ok && !savepoints && jobs.length > 1) throw outcome.error
      outcomes.push(outcome)
    }
    return outcomes
  }

  async #one(db: Db, job: Job): Promise<Outcome> {
    const pending: Pending[] = []
    const mark = { running: true }
    const journal = (event: NewEvent): void => {
      const [type, subject] = [event.type.toWellFormed(), event.subject.toWellFormed()]
      pending.push({ ...event, type, subject, agent: event.agent?.toWellFormed() ?? null, at: this.#parts.clock.now() })
    }
    try {
      return { ok: true, value: await this.#inside.run(mark, () => job.work(db, journal)), pending }
    } catch (error) {
      if (this.#parts.engine.fault(error) !== 'work') throw error
      return { ok: false, error }
    } finally {
      mark.running = false
    }
  }
}
