import { startPostgres } from '../test/postgres.ts'
import { tally } from '../test/faults/judge.ts'
import { trial, trialFiles } from '../test/faults/trial.ts'
import { skipped, type Row } from './row.ts'
import { BenchTeam } from './team.ts'

/** Eight senders and five readers, and the daemon killed again and again under them, on both engines; what they saw is judged. */
export async function kills(count: number): Promise<Row[]> {
  return [await onSqlite(count), await onPostgres(count)]
}

const figure = (count: number, engine: string): string => `acknowledged messages lost, ${count} kill -9 of the daemon, ${engine}`

async function onSqlite(count: number): Promise<Row> {
  return await row(new BenchTeam(0, { files: trialFiles(null) }), count, 'SQLite')
}

async function onPostgres(count: number): Promise<Row> {
  const postgres = await startPostgres().catch((error: unknown) => String(error))
  if (typeof postgres === 'string') return skipped(figure(count, 'PostgreSQL'), '0', postgres)
  try {
    const files = trialFiles({ type: 'postgres', url_env: 'TEAM_DATABASE' })
    return await row(new BenchTeam(0, { files, env: { TEAM_DATABASE: await postgres.database() } }), count, 'PostgreSQL')
  } finally {
    await postgres.stop()
  }
}

async function row(team: BenchTeam, count: number, engine: string): Promise<Row> {
  const seed = Date.now() % 2 ** 31
  try {
    const { violations, acknowledged, retried, seconds, kills: by } = await trial({ root: team.root, troupe: (...args) => team.troupe(...args), kills: count, seed })
    for (const { kind, what } of violations.slice(0, 20)) process.stderr.write(`bench: ${kind}: ${what}\n`)
    const { lost, ...others } = tally(violations)
    const rest = Object.entries(others).map(([kind, times]) => `${kind} ${times}`).join(', ')
    const beside = `${by.working + by.starting + by.withKeeper} kills (${by.starting} while it started, ${by.withKeeper} with its keeper), `
      + `${retried.toLocaleString('en')} sends tried again; ${rest}; ${seconds.toFixed(0)} s, seed ${seed}; nobody publishes it`
    return { figure: figure(count, engine), value: lost, unit: `of ${acknowledged.toLocaleString('en')}`, hold: '0', beside }
  } finally {
    await team.end()
  }
}
