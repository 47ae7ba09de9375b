import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { freePort, startPostgres, whyNoPostgres, type Postgres } from '../postgres.ts'
import { slice } from './slice.ts'
import { environmentOf, incarnations } from './teams.ts'
import { kill, pair, patiently, Troupe } from './troupe.ts'

const broker = 'broker: {type: postgres, url_env: TEAM_DATABASE}\n'

describe.skipIf(whyNoPostgres() !== null)('two scripted agents, PostgreSQL', () => {
  let postgres: Postgres
  let url: string
  beforeAll(async () => {
    postgres = await startPostgres()
    url = await postgres.database()
  }, 120_000)
  afterAll(() => postgres.stop())

  slice(() => new Troupe(pair({ broker }), { TEAM_DATABASE: url }))

  it('reads the address of the database from .env as well, and tells it to no agent and no file', async () => {
    const address = await postgres.database()
    const troupe = new Troupe(pair({ broker, extra: { '.env': `TEAM_DATABASE=${address}\n` } }))
    await troupe.ok('up')
    await troupe.ok('send', 'dev', 'hello')
    await troupe.settled(1)
    expect(Object.values(environmentOf(await troupe.pid('dev')))).not.toContain(address)
    const state = join(troupe.root, 'state')
    const files = readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    expect(files.filter((file) => readFileSync(join(file.parentPath, file.name), 'latin1').includes(address))).toEqual([])
    kill((await troupe.daemon()).pid)
    await troupe.ok('send', 'dev', 'hello again')
    await troupe.settled(2)
  }, 300_000)

  it('goes on after the database has dropped every connection', async () => {
    const address = await postgres.database()
    const troupe = new Troupe(pair({ broker }), { TEAM_DATABASE: address })
    await troupe.ok('up')
    const before = await incarnations(troupe)
    const { pid } = await troupe.daemon()
    for (const round of [1, 2, 3]) {
      await dropConnections(address)
      await vi.waitFor(() => troupe.ok('send', 'manager', `round ${round}`, '--key', `round ${round}`), patiently)
      await troupe.settled(3 * round)
    }
    expect(await incarnations(troupe)).toEqual(before)
    expect((await troupe.daemon()).pid).toBe(pid)
  }, 300_000)

  it('ends its agents by force although the database is away, and says what is left to do', async () => {
    const own = await startPostgres()
    onTestFinished(() => own.stop())
    const troupe = new Troupe(pair({ broker }), { TEAM_DATABASE: await own.database() })
    await troupe.ok('up')
    const pids = [await troupe.pid('manager'), await troupe.pid('dev')]
    await own.stop()
    const polite = await troupe.run('down')
    expect(polite.code).toBe(1)
    expect(polite.stderr).toContain('troupe down --hard')
    expect(pids.map((each) => environmentOf(each)['TROUPE_PROJECT'])).toEqual(['hello', 'hello'])
    const hard = await troupe.run('down', '--hard')
    expect(hard.code).toBe(1)
    expect(hard.stderr).toContain('the agents were ended')
    expect(hard.stderr).toContain('troupe down once more')
    await vi.waitFor(async () => expect(await troupe.leftOver()).toEqual([]), patiently)
  }, 300_000)

  it('says which variable is missing', async () => {
    const troupe = new Troupe(pair({ broker }))
    const up = await troupe.run('up')
    expect(up.code).toBe(2)
    expect(up.stderr).toContain('TEAM_DATABASE')
    expect(up.stderr).toContain('Try:')
  }, 300_000)

  it('says that the database cannot be reached, without its password', async () => {
    const port = await freePort()
    const troupe = new Troupe(pair({ broker }), { TEAM_DATABASE: `postgres://someone:s3cret@127.0.0.1:${port}/team` })
    const up = await troupe.run('up')
    expect(up.code).toBe(1)
    expect(up.stderr).toContain(`127.0.0.1:${port}`)
    expect(up.stderr).toContain('Try:')
    expect(up.stdout + up.stderr).not.toContain('s3cret')
    expect((await troupe.run('daemon', 'logs')).stdout).not.toContain('s3cret')
  }, 300_000)
})

async function dropConnections(address: string): Promise<void> {
  const client = new pg.Client(address)
  await client.connect()
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')
  await client.end()
}
