import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { v7 } from 'uuid'
import { preparePaths, teamPaths } from '../src/config/paths.ts'
import { systemClock } from '../src/core/clock.ts'
import { Attachments } from '../src/daemon/attachments.ts'
import { emptyTeam } from '../src/daemon/empty-team.ts'
import { Janitor } from '../src/daemon/janitor.ts'
import { openStore } from '../src/store/open.ts'
import type { Store } from '../src/store/store.ts'
import type { Row } from './row.ts'

/** Of the sends that are measured, ms between two of one writer. */
const pause = 5
const writers = 4
/** Sends are measured for so long before and after, ms. */
const aloneMs = 5_000
/** A run that takes longer is stopped: what sends take beside it is known by then. ms */
const longest = 300_000

/** What sends take while a run of gc removes so many acknowledged messages, beside what they take without it. */
export async function gcBench(messages: number): Promise<Row[]> {
  const root = mkdtempSync(join(tmpdir(), 'gc-bench-'))
  const paths = teamPaths(root)
  preparePaths(paths)
  const file = join(paths.state, 'mailbox.db')
  const open = async (): Promise<Store> => await openStore({ type: 'sqlite', path: file }, { root, host: 'bench', env: {}, clock: systemClock })
  const first = await open()
  await post(first, 1, true)
  await first.close()
  fill(file, messages)
  const store = await open()
  try {
    const team = () => emptyTeam(root)
    const attachments = new Attachments({ store, clock: systemClock, paths, team, settingName: String, environment: () => ({}) })
    const janitor = new Janitor({ store, clock: systemClock, paths, attachments, worktrees: async () => 0, homes: async () => [], isKnown: () => true, team, report: () => undefined })
    const before = await sends(store, sleep(aloneMs))
    const began = performance.now()
    const run = janitor.sweep({ project: null, dryRun: false })
    const beside = p99(await sends(store, Promise.race([run, sleep(longest, undefined, { ref: false })])))
    await janitor.stop()
    const seconds = (performance.now() - began) / 1_000
    const { messages: removed } = await run
    // On both sides of it: a machine that gets slower meanwhile is not held against gc.
    const alone = p99([...before, ...(await sends(store, sleep(aloneMs)))])
    const what = `gc of ${removed.toLocaleString('en')} of ${messages.toLocaleString('en')} messages`
    return [
      { figure: `${what}: p99 of sends meanwhile, as a ratio`, value: beside / alone, unit: '×', hold: '≤ 2 ×', beside: `${beside.toFixed(1)} ms beside ${alone.toFixed(1)} ms without it` },
      { figure: `${what}, ${writers} writers beside it`, value: removed / seconds, unit: '/s', hold: '', beside: '' },
    ]
  } finally {
    await store.close()
    rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

const same = { from: 'p:a', to: 'p:b', project: 'p', text: 'A message of about a hundred bytes, which is what agents send each other most of the time, more or less.', threadId: null, priority: 'normal', trust: 'peer', key: null, control: null, hop: 0, taint: [] } as const

async function post(store: Store, sentAt: number, acked: boolean): Promise<void> {
  const id = v7()
  await store.write(async (tx) => {
    await tx.messages.insert({ ...same, taint: [], id, chain: id, sentAt }, ['p:b'])
    if (acked) await tx.deliveries.update(id, 'p:b', ['queued'], { state: 'acked', ackedAt: sentAt })
  })
}

/** The one message of a closed store, and its delivery, so many times in all: by SQL, since a million sends take minutes. */
function fill(file: string, messages: number): void {
  const database = new DatabaseSync(file)
  const id = `'00000000-0000-7000-8000-' || printf('%012x', i)`
  const others: Record<string, string> = { n: 'i', id, chain: id, message_id: id }
  database.exec('begin immediate')
  for (const table of ['messages', 'deliveries']) {
    const columns = (database.prepare(`pragma table_info(${table})`).all() as { name: string }[]).map(({ name }) => name)
    const values = columns.map((name) => others[name] ?? `one."${name}"`).join(', ')
    database.exec(`with recursive counted(i) as (select 2 union all select i + 1 from counted where i < ${messages})
      insert into ${table} (${columns.map((name) => `"${name}"`).join(', ')}) select ${values} from counted, (select * from ${table} where n = 1) one where ${messages} > 1`)
  }
  database.exec(`update counters set value = ${messages} where kind = 'message'; commit; pragma wal_checkpoint(truncate)`)
  database.close()
}

/** What each of the sends took until then, ms. */
async function sends(store: Store, until: Promise<unknown>): Promise<number[]> {
  let over = false
  const end = until.finally(() => (over = true))
  const took: number[] = []
  const write = async (): Promise<void> => {
    while (!over) {
      const began = performance.now()
      await post(store, Date.now(), false)
      took.push(performance.now() - began)
      await sleep(pause)
    }
  }
  await Promise.all([end, ...Array.from({ length: writers }, write)])
  return took
}

function p99(took: readonly number[]): number {
  return took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.99)] ?? 0
}
