import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

/** What sends take while a run of gc removes so many acknowledged messages, beside what they take without it. */
export async function gcBench(messages: number): Promise<Row[]> {
  const root = mkdtempSync(join(tmpdir(), 'gc-bench-'))
  const paths = teamPaths(root)
  preparePaths(paths)
  const store = await openStore({ type: 'sqlite', path: join(paths.state, 'mailbox.db') }, { root, host: 'bench', env: {}, clock: systemClock })
  try {
    await fill(store, messages)
    const team = () => emptyTeam(root)
    const attachments = new Attachments({ store, clock: systemClock, paths, team, settingName: String, environment: () => ({}) })
    const janitor = new Janitor({ store, clock: systemClock, paths, attachments, worktrees: async () => 0, team, report: () => undefined })
    const quiet = await sends(store, new Promise((resolve) => setTimeout(resolve, 5_000)))
    const began = performance.now()
    const run = janitor.sweep({ project: null, dryRun: false })
    const beside = await sends(store, run)
    const seconds = (performance.now() - began) / 1_000
    const { messages: removed } = await run
    return [
      { figure: `gc of ${removed.toLocaleString('en')} messages: sends meanwhile, p99`, value: beside, unit: 'ms', hold: `< 2 × ${quiet.toFixed(1)} ms`, beside: 'the same sends without it' },
      { figure: `gc of ${removed.toLocaleString('en')} messages, ${writers} writers beside it`, value: removed / seconds, unit: '/s', hold: '', beside: '' },
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

async function fill(store: Store, messages: number): Promise<void> {
  for (let at = 0; at < messages; at += 256) await Promise.all(Array.from({ length: Math.min(256, messages - at) }, async () => await post(store, 1, true)))
}

/** p99 of what sends took until then, ms. */
async function sends(store: Store, until: Promise<unknown>): Promise<number> {
  let over = false
  const end = until.finally(() => (over = true))
  const took: number[] = []
  const write = async (): Promise<void> => {
    while (!over) {
      const began = performance.now()
      await post(store, Date.now(), false)
      took.push(performance.now() - began)
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
  await Promise.all([end, ...Array.from({ length: writers }, write)])
  return took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.99)] ?? 0
}
