import pg from 'pg'
import { afterAll, beforeAll, describe } from 'vitest'
import { startPostgres, whyNoPostgres } from '../postgres.ts'
import type { Postgres } from '../postgres.ts'
import { storeContract } from './store.ts'

describe.skipIf(whyNoPostgres() !== null)('the store on PostgreSQL', () => {
  let server: Postgres
  beforeAll(async () => {
    server = await startPostgres()
  }, 120_000)
  afterAll(() => server.stop(), 120_000)

  storeContract(async (root) => {
    const url = await server.database()
    return {
      root,
      broker: { type: 'postgres', urlEnv: 'TEST_DATABASE' },
      env: { TEST_DATABASE: url },
      async tamper(statement) {
        const client = new pg.Client({ connectionString: url })
        await client.connect()
        await client.query(`set search_path to troupe; ${statement}`)
        await client.end()
      },
    }
  })
})
