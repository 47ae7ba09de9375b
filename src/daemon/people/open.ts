import { readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { OperationName } from '../../api/index.ts'
import type { Paths } from '../../config/paths.ts'
import type { Outgoing } from '../../core/outbox.ts'
import type { Store } from '../../store/store.ts'
import type { Chains } from '../chains.ts'
import type { Caller } from '../daemon.ts'
import type { DeskParts } from './desk.ts'
import { Outbox } from './outbox.ts'
import { People, type PeopleParts } from './people.ts'
import { Replies } from './replies.ts'

/** Of one look into the outbox of a gateway. */
const mostRows = 10_000

export interface Around extends Omit<PeopleParts, 'outbox' | 'operate' | 'done'> {
  paths: Paths
  chains: Chains
  /** The one way to operations. */
  run(caller: Caller, name: OperationName, input: unknown): Promise<unknown>
}

/** The parts that look after people, and how they hang together. */
export function openPeople(around: Around): { people: People; replies: Replies; start(): Promise<void> } {
  const { clock, store, paths, run } = around
  const outbox = new Outbox(clock)
  const outgoing = join(paths.state, 'outgoing')
  const operate = (async (who, name, input) => await run({ kind: 'operator', via: 'chat', who }, name, input)) as DeskParts['operate']
  const people: People = new People({ ...around, outbox, operate, done: async (row) => await forgetCopy(store, outgoing, row) })
  const replies = new Replies({ ...around, outbox, people, outgoing, secret: paths.run })
  return {
    people,
    replies,
    async start() {
      await sweep(store, outgoing)
      await people.start()
    },
  }
}

/** A copy that no row needs any more. */
async function forgetCopy(store: Store, folder: string, { content, message }: Outgoing): Promise<void> {
  if (content.kind !== 'file' || !('path' in content.source) || dirname(content.source.path) !== folder) return
  const rows = message === null ? [] : await store.read((db) => db.outbox.ofMessages([message]))
  const { path } = content.source
  const needed = rows.some((row) => row.state === 'queued' && row.content.kind === 'file' && 'path' in row.content.source && row.content.source.path === path)
  if (!needed) rmSync(path, { force: true })
}

/** What a daemon left that died between a copy and its row, or between a row and its copy's end. */
async function sweep(store: Store, folder: string): Promise<void> {
  const rows = await store.read(async (db) => (await Promise.all(Object.keys(await db.outbox.counts()).map((gateway) => db.outbox.queued(gateway, mostRows)))).flat())
  const needed = new Set(rows.flatMap(({ content }) => (content.kind === 'file' && 'path' in content.source ? [content.source.path] : [])))
  for (const path of namesIn(folder).map((name) => join(folder, name))) if (!needed.has(path)) rmSync(path, { force: true, recursive: true })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // nothing was ever sent
  }
}
