import { mkdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { sha256, type JournalEvent, type NewEvent } from '../core/event.ts'
import { TroupeError } from '../core/error.ts'
import type { Broker } from '../core/team.ts'
import { agentsReader, agentsWriter } from './agents.ts'
import { openAnchors } from './anchors.ts'
import type { Anchors, Known } from './anchors.ts'
import { approvalsReader, approvalsWriter } from './approvals.ts'
import { limitHitsReader, limitHitsWriter } from './limit-hits.ts'
import { attachmentsReader } from './attachments.ts'
import { noncesWriter, outboxReader, outboxWriter } from './outbox.ts'
import { GroupCommit } from './batch.ts'
import { deliveriesReader, deliveriesWriter } from './deliveries.ts'
import { worktreesReader, worktreesWriter } from './worktrees.ts'
import { bridgesReader, bridgesWriter } from './bridges.ts'
import type { Db, Engine } from './engine.ts'
import { eventsReader } from './events.ts'
import { incarnationsReader, incarnationsWriter } from './incarnations.ts'
import { checkpointsOf, headsOf, pageOf } from './journal.ts'
import { isEmptyFile, refuseLost } from './lost.ts'
import { messagesReader, messagesWriter } from './messages.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations/index.ts'
import { prune } from './prune.ts'
import { retentionReader, retentionWriter } from './retention.ts'
import { retrying } from './retry.ts'
import type { Written } from './schema.ts'
import { settingsReader, settingsWriter } from './settings.ts'
import type { Reader, Store, Tx } from './store.ts'
import { takeStream } from './stream.ts'
import { teamId } from './team.ts'
import { inSnapshot } from './transaction.ts'
import { tasksReader, tasksWriter } from './tasks.ts'
import { usageReader, usageWriter } from './usage.ts'
import { checkVersions } from './versions.ts'

export interface StoreContext {
  /** Absolute path of the team's root; `state/` under it holds what the store keeps outside the database. */
  root: string
  /** Name of this host: part of the journal stream's name, and of every row it writes. */
  host: string
  /** Fencing epoch; the one of the last run where absent. */
  epoch?: number
  /** Values of the environment, for `url_env`. */
  env: Record<string, string>
  clock: Clock
  /** For the log: what is done with the database before it can be used. */
  tell?: (what: string) => void
  /** Called where another daemon has taken the stream: nothing can be written any more. */
  shutOut?: (error: TroupeError) => void
}

/**
 * Opens the team's store, brings its schema up to date and takes the journal stream of this host: a store that was
 * open for the same team and host before cannot write any more.
 * Throws TroupeError: `config`, `incompatible`, `unavailable`, `conflict`.
 */
export async function openStore(broker: Broker, context: StoreContext): Promise<Store> {
  const state = join(context.root, 'state')
  const headFile = join(state, 'journal-head.json')
  const engine = await openEngine(broker, context, headFile)
  try {
    await migrate(engine, migrations, { now: () => context.clock.now(), tell: context.tell ?? (() => undefined) })
    mkdirSync(state, { recursive: true, mode: 0o700 })
    const team = await teamId(engine, join(state, 'team-id'), context.clock)
    const database = nameOf(broker, context, engine.where)
    // A file can be there and hold nothing any more: all of it stood in a log that is gone.
    if ((await headsOf(engine.reader, team)).size === 0) refuseLost(headFile, database, engine.where)
    const { by, position } = await takeStream(engine, { team, host: context.host, epoch: context.epoch })
    await engine.sync?.()
    const anchors = await openAnchors(headFile, { team, database }, context.clock, (stream, seq) =>
      hashAt(engine.reader, team, stream, seq),
    )
    const commit = new GroupCommit({ engine, by, position, anchors, clock: context.clock, shutOut: context.shutOut ?? (() => undefined) })
    return store(engine, by, anchors, commit, context.clock)
  } catch (error) {
    await engine.close()
    throw engine.explain(error)
  }
}

async function openEngine(broker: Broker, context: StoreContext, headFile: string): Promise<Engine> {
  const { env } = context
  if (broker.type === 'postgres') {
    const url = env[broker.urlEnv]
    if (url !== undefined && url !== '') return (await import('./postgres.ts')).openPostgres(url)
    throw new TroupeError('config', `the database's address is missing: ${broker.urlEnv} is not set`, {
      hint: `set ${broker.urlEnv}=postgres://user:password@host/database in the environment or in .env`,
    })
  }
  checkVersions()
  if (isEmptyFile(broker.path)) refuseLost(headFile, nameOf(broker, context, broker.path), broker.path)
  return (await import('./sqlite.ts')).openSqlite(broker.path)
}

/** A team can be moved with its file. An address stands in no file of ours, only what tells it from another. */
function nameOf(broker: Broker, { root }: StoreContext, where: string): string {
  return broker.type === 'sqlite' ? relative(root, broker.path) : sha256(where)
}

async function hashAt(db: Db, team: string, stream: string, seq: number): Promise<string | null | 'pruned'> {
  const begin = (await checkpointsOf(db, team)).get(stream)
  if (begin !== undefined && begin.seq >= seq) return begin.seq === seq ? begin.hash : 'pruned'
  const [event] = await pageOf(db, team, stream, seq - 1, 1)
  return event?.seq === seq ? event.hash : null
}

function store(engine: Engine, by: Written, anchors: Anchors, commit: GroupCommit, clock: Clock): Store {
  const reads = new Set<Promise<unknown>>()
  let closing: Promise<void> | null = null
  const refuseClosed = (): void => {
    if (closing !== null) throw new TroupeError('unavailable', 'the store is closed')
  }
  const close = async (): Promise<void> => {
    await commit.idle()
    await Promise.allSettled(reads)
    try {
      await anchors.close()
    } finally {
      await engine.close()
    }
  }
  return {
    engine: engine.kind,
    where: engine.where,
    flaw: () => anchors.known().flaw?.why ?? null,
    async write(work) {
      refuseClosed()
      return commit.write((db, journal) => work(transaction(db, by, anchors.known(), clock, journal)))
    },
    async read(work) {
      refuseClosed()
      const known = anchors.known()
      const read = retrying(engine, clock, () => inSnapshot(engine.reader, (db) => work(reader(db, by.team, known)))).finally(() =>
        commit.durable(),
      )
      reads.add(read)
      return read.finally(() => reads.delete(read))
    },
    subscribe: (listener: (events: JournalEvent[]) => void) => commit.subscribe(listener),
    async prune(before) {
      refuseClosed()
      return commit.write((db, journal) => prune(db, by.team, before, journal))
    },
    async backup(target) {
      refuseClosed()
      if (engine.backup !== null) return await engine.backup(target)
      throw new TroupeError('failed', `${engine.where} is a PostgreSQL database: its own tools back it up`, {
        hint: 'pg_dump --format=custom --schema=troupe "$URL" > troupe.dump; the files of the root with any other tool, without state/run',
      })
    },
    close: () => (closing ??= close()),
  }
}

function reader(db: Db, team: string, known: Known): Reader {
  return {
    messages: messagesReader(db, team),
    deliveries: deliveriesReader(db, team),
    agents: agentsReader(db, team),
    incarnations: incarnationsReader(db, team),
    usage: usageReader(db, team),
    attachments: attachmentsReader(db, team),
    retention: retentionReader(db, team),
    approvals: approvalsReader(db, team),
    tasks: tasksReader(db, team),
    limitHits: limitHitsReader(db, team),
    bridges: bridgesReader(db, team),
    outbox: outboxReader(db, team),
    worktrees: worktreesReader(db, team),
    settings: settingsReader(db, team),
    events: eventsReader(db, team, known),
  }
}

function transaction(db: Db, by: Written, known: Known, clock: Clock, journal: (event: NewEvent) => void): Tx {
  return {
    messages: messagesWriter(db, by, () => clock.now()),
    deliveries: deliveriesWriter(db, by),
    agents: agentsWriter(db, by),
    incarnations: incarnationsWriter(db, by),
    usage: usageWriter(db, by),
    attachments: attachmentsReader(db, by.team),
    retention: retentionWriter(db, by),
    approvals: approvalsWriter(db, by),
    tasks: tasksWriter(db, by),
    limitHits: limitHitsWriter(db, by),
    bridges: bridgesWriter(db, by),
    outbox: outboxWriter(db, by),
    nonces: noncesWriter(db, by),
    worktrees: worktreesWriter(db, by),
    settings: settingsWriter(db, by),
    events: eventsReader(db, by.team, known),
    async journal(event) {
      journal(event)
    },
  }
}
