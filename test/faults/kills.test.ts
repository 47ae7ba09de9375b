import { describe, expect, it, onTestFinished } from 'vitest'
import { Troupe } from '../e2e/troupe.ts'
import { startPostgres, whyNoPostgres } from '../postgres.ts'
import { story, tally } from './judge.ts'
import { trial, trialFiles } from './trial.ts'

/** `TROUPE_KILLS_SEED` repeats a run, as far as the machine does; `TROUPE_KILLS` is the number of kills. */
const seed = Number(process.env['TROUPE_KILLS_SEED'] ?? Date.now() % 2 ** 31)
const count = Number(process.env['TROUPE_KILLS'] ?? 100)

async function expectNothingLost(troupe: Troupe): Promise<void> {
  const { kills, violations, acknowledged, retried, shown, history } = await trial({ root: troupe.root, troupe: (...args) => troupe.ok(...args), kills: count, seed })
  console.log(`seed ${seed}: ${JSON.stringify({ kills, acknowledged, retried, shown, violations: tally(violations) })}`)
  for (const violation of violations.slice(0, 5)) console.log([violation.what, ...story(history, violation).slice(0, 50)].join('\n  '))
  expect(violations, `seed ${seed}`).toEqual([])
  expect(kills.working + kills.starting + kills.withKeeper).toBe(count)
  // Nobody has to call a daemon back whose keeper was left alive.
  expect(kills.commands).toBeLessThanOrEqual(kills.withKeeper)
  expect(acknowledged).toBeGreaterThan(count)
  expect(retried).toBeGreaterThan(0)
}

describe(`kill -9 of the daemon, ${count} times under eight senders`, () => {
  it('loses nothing that was acknowledged, and shows each message once and in its order: SQLite', async () => {
    await expectNothingLost(new Troupe(trialFiles(null)))
  }, 1_200_000)

  it.skipIf(whyNoPostgres() !== null)('the same on PostgreSQL', async () => {
    const postgres = await startPostgres()
    // Before the team's own end in the order of running, and so after it: last in, first out.
    onTestFinished(() => postgres.stop())
    await expectNothingLost(new Troupe(trialFiles({ type: 'postgres', url_env: 'TEAM_DATABASE' }), { TEAM_DATABASE: await postgres.database() }))
  }, 1_200_000)
})
