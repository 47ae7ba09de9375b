import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { v7 } from 'uuid'
import type { Clock } from '../../src/core/clock.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { Message, MessageDraft } from '../../src/core/message.ts'
import type { Broker } from '../../src/core/team.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store, Tx } from '../../src/store/store.ts'
import { attachmentsContract } from './store.attachments.ts'
import { journalContract } from './store.journal.ts'
import { mailContract } from './store.mail.ts'
import { recordsContract } from './store.records.ts'
import { retentionContract } from './store.retention.ts'
import { tasksContract } from './store.tasks.ts'
import { writingContract } from './store.writing.ts'

/** A database of its own for one test. */
export interface Place {
  root: string
  broker: Broker
  env: Record<string, string>
  /** Runs SQL behind the store's back, in its schema. */
  tamper(statement: string): Promise<void>
}

export interface Bench {
  place: Place
  /** Time as the store sees it; set it, or leave it at the system's. */
  clock: Clock & { at: number | null }
  store: Store
  /** Opens the same database again; the first store cannot write after it. */
  reopen(more?: { host?: string; epoch?: number }): Promise<Store>
}

/** Everything that a store must do, on every engine. */
export function storeContract(makePlace: (root: string) => Promise<Place>): void {
  const bench = {} as Bench
  const opened: Store[] = []
  beforeEach(async () => {
    const root = mkdtempSync(join(tmpdir(), 'store-'))
    bench.place = await makePlace(root)
    bench.clock = { ...systemClock, at: null, now: () => bench.clock.at ?? Date.now() }
    bench.reopen = async (more = {}) => {
      const { broker, env } = bench.place
      const store = await openStore(broker, { root, host: 'here', env, clock: bench.clock, ...more })
      opened.push(store)
      return store
    }
    bench.store = await bench.reopen()
  })
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
    rmSync(bench.place.root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })
  writingContract(bench)
  mailContract(bench)
  recordsContract(bench)
  attachmentsContract(bench)
  tasksContract(bench)
  retentionContract(bench)
  journalContract(bench)
}

export function draft(change: Partial<MessageDraft> = {}): MessageDraft {
  const id = v7()
  return {
    id,
    from: 'p:a',
    to: 'p:b',
    project: 'p',
    text: 'hello',
    threadId: null,
    priority: 'normal',
    trust: 'peer',
    key: null,
    chain: id,
    hop: 0,
    taint: [],
    control: null,
    sentAt: 1,
    ...change,
  }
}

/** A message with its journal line, as the daemon sends one. */
export async function send(tx: Tx, change: Partial<MessageDraft> = {}, recipients = ['p:b']): Promise<Message> {
  const message = await tx.messages.insert(draft(change), recipients)
  await tx.journal({ type: 'message.sent', subject: message.id, agent: message.from, data: { n: message.n } })
  return message
}
