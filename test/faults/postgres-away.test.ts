import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { connect } from '../../src/client/connect.ts'
import { teamPaths } from '../../src/config/paths.ts'
import { TroupeError } from '../../src/core/error.ts'
import { startCut } from '../contracts/cut.ts'
import { incarnations } from '../e2e/teams.ts'
import { patiently, team, Troupe } from '../e2e/troupe.ts'
import { startPostgres, whyNoPostgres, type Postgres } from '../postgres.ts'

/** ms; the whole minute with TROUPE_FAULTS=full. */
const away = process.env['TROUPE_FAULTS'] === 'full' ? 60_000 : 10_000

const compose = { broker: { type: 'postgres', url_env: 'TEAM_DATABASE' } }
const agents = { a: {}, b: {}, c: {} }

describe.skipIf(whyNoPostgres() !== null)('PostgreSQL away', { timeout: 600_000 }, () => {
  const server = async (): Promise<Postgres> => {
    const postgres = await startPostgres()
    onTestFinished(() => postgres.stop())
    return postgres
  }

  it('is stopped for a while: sends are refused, agents live, and all goes on by itself, nothing lost or doubled', async () => {
    const postgres = await server()
    const troupe = new Troupe(team(agents, { compose }), { TEAM_DATABASE: await postgres.database() })
    await expectSurvived(troupe, () => postgres.halt('SIGINT'), () => postgres.resume())
  })

  it('is killed: the same', async () => {
    const postgres = await server()
    const troupe = new Troupe(team(agents, { compose }), { TEAM_DATABASE: await postgres.database() })
    await expectSurvived(troupe, () => postgres.halt('SIGKILL'), () => postgres.resume())
  })

  it('is cut off by the network: the same', async () => {
    const postgres = await server()
    const cut = await startCut(postgres.port)
    onTestFinished(() => cut.close())
    const url = (await postgres.database()).replace(`:${postgres.port}/`, `:${cut.port}/`)
    const troupe = new Troupe(team(agents, { compose }), { TEAM_DATABASE: url })
    await expectSurvived(troupe, async () => cut.sever(), async () => cut.mend())
  })
})

async function expectSurvived(troupe: Troupe, begin: () => Promise<void>, end: () => Promise<void>): Promise<void> {
  await troupe.ok('up')
  const before = await incarnations(troupe)
  const { pid } = await troupe.daemon()
  const pids = await Promise.all(['a', 'b', 'c'].map((name) => troupe.pid(name)))
  const sender = send(troupe)
  await vi.waitFor(() => expect(sender.acknowledged.size).toBeGreaterThan(20), patiently)

  await begin()
  const until = performance.now() + away
  const refused = await troupe.run('send', 'a', 'while it is away')
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(/cannot be reached|was lost in the middle/)
  expect(refused.stderr).toContain('Try:')
  expect(await troupe.leftOver()).toEqual(expect.arrayContaining(pids))
  await sleep(Math.max(0, until - performance.now()))
  expect(sender.refusals).toBeGreaterThan(0)

  await end()
  const then = sender.acknowledged.size
  await vi.waitFor(() => expect(sender.acknowledged.size).toBeGreaterThan(then + 20), patiently)
  await sender.stop()
  expect(await incarnations(troupe)).toEqual(before)
  expect((await troupe.daemon()).pid).toBe(pid)

  const mail = await troupe.mail()
  const byText = Map.groupBy(mail.filter(({ from }) => from === 'user'), ({ text }) => text)
  for (const [text, id] of sender.acknowledged) expect(byText.get(text)?.map((each) => each.id), text).toEqual([id])
  expect([...byText.values()].filter((same) => same.length > 1)).toEqual([])
  await troupe.ok('audit', 'verify')
  // What an agent says of its mail while nothing can be stored is its own affair; that it got it is ours.
  await vi.waitFor(async () => expect((await troupe.mail()).filter(({ state }) => state.startsWith('queued')).map(({ n }) => n)).toEqual([]), patiently)
}

/** Sends without a pause, with a key, each until it is acknowledged. */
function send(troupe: Troupe): { acknowledged: Map<string, string>; refusals: number; stop(): Promise<void> } {
  let going = true
  const state = { acknowledged: new Map<string, string>(), refusals: 0, stop: async () => ((going = false), await done) }
  const done = (async () => {
    const client = await connect({ socket: teamPaths(troupe.root).operatorSocket })
    for (let n = 0; going && n < 900; n++) {
      const text = `${n} ${randomUUID()}`
      for (let kept = false; !kept && going; ) {
        try {
          const { id } = await client.call('send', { to: ['a', 'b', 'c'][n % 3] ?? 'a', text, key: text })
          state.acknowledged.set(text, id)
          kept = true
          await sleep(20)
        } catch (error) {
          if (!(error instanceof TroupeError) || error.code !== 'unavailable') throw error
          state.refusals += 1
          await sleep(100)
        }
      }
    }
    client.close()
  })()
  return state
}
