import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { systemClock } from '../src/core/clock.ts'
import type { Broker } from '../src/core/team.ts'
import { openStore } from '../src/store/open.ts'
import { startPostgres, whyNoPostgres } from '../test/postgres.ts'
import { bareSqlite, besideBare } from './raw.ts'
import { skipped, type Row } from './row.ts'

const writers = 8

/** The store alone: durable messages, each with its delivery and journal line, from 8 writers in one process. */
export async function storeBench(): Promise<Row[]> {
  const root = mkdtempSync(join(tmpdir(), 'store-bench-'))
  try {
    const figure = `store alone, ${writers} writers, `
    const before = bareSqlite()
    const sqlite = await rate({ type: 'sqlite', path: join(root, 'state/mailbox.db') }, root, {}, 12_000)
    const beside = besideBare(before, bareSqlite())
    const missing = whyNoPostgres()
    return [
      { figure: `${figure}SQLite`, value: sqlite, unit: '/s', hold: '≥ 6,000', beside },
      missing === null
        ? { figure: `${figure}PostgreSQL`, value: await postgresRate(root), unit: '/s', hold: '', beside: '13 round trips to the server for a batch of 8' }
        : skipped(`${figure}PostgreSQL`, '', missing),
    ]
  } finally {
    rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

async function postgresRate(root: string): Promise<number> {
  const server = await startPostgres()
  try {
    return await rate({ type: 'postgres', urlEnv: 'DB' }, root, { DB: await server.database() }, 4_000)
  } finally {
    await server.stop()
  }
}

async function rate(broker: Broker, root: string, env: Record<string, string>, count: number): Promise<number> {
  const store = await openStore(broker, { root, host: 'bench', env, clock: systemClock })
  let left = count
  const began = performance.now()
  const write = async (): Promise<void> => {
    while (left-- > 0) {
      const id = v7()
      const same = { threadId: null, priority: 'normal', trust: 'peer', key: null, control: null } as const
      await store.write(async (tx) => {
        const text = 'A message of about a hundred bytes, which is what agents send each other most of the time, more or less.'
        const message = { id, from: 'p:a', to: 'p:b', project: 'p', text, chain: id, hop: 0, taint: [], sentAt: Date.now(), ...same }
        const { n } = await tx.messages.insert(message, ['p:b'])
        await tx.journal({ type: 'message.sent', subject: id, agent: 'p:a', data: { n } })
      })
    }
  }
  await Promise.all(Array.from({ length: writers }, write))
  const seconds = (performance.now() - began) / 1_000
  await store.close()
  return count / seconds
}

