import { teamEnvironment } from '../../config/environment.ts'
import { readDotenv } from '../../config/dotenv.ts'
import { load } from '../../config/load.ts'
import { teamOrThrow } from '../../config/report.ts'
import { placeOf } from '../../config/places.ts'
import { teamVariables } from '../../config/variables.ts'
import { TroupeError } from '../../core/error.ts'
import { masked } from '../../core/scrub.ts'
import { runtimeVariables } from '../../runtimes/index.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { count } from '../text.ts'
import { known } from '../team-files.ts'

/** Never the value: what tells it from another one, and where it comes from. */
interface Row {
  name: string
  state: 'set' | 'unset'
  masked: string | null
  /** `shell`, the path of an `.env` file, or `daemon`: brought by an earlier `up`, set nowhere here. Null where unset. */
  source: string | null
  /** The daemon holds another value, which agents have until the next `up`; its end. */
  held: string | null
  required: boolean
  from: { what: string; file: string; line: number }[]
}

/** Exit code 1 with --doctor where one that is needed is set nowhere. */
export async function env(cli: Cli, given: Given): Promise<number> {
  const { out } = cli
  const rows = await rowsOf(cli, await cli.root())
  out.show(rows, () => {
    if (rows.length === 0) return out.line('(the team’s files name no environment variables)')
    out.table(
      [{ head: 'VAR' }, { head: 'STATE' }, { head: 'SOURCE', least: 8 }, { head: 'REFERENCED FROM', least: 20 }],
      rows.map((row) => [
        { text: row.name, paint: out.color.bold },
        { text: row.masked === null ? (row.required ? 'unset' : 'unset (has a default)') : `set (${row.masked})`, paint: row.state === 'set' ? out.color.green : row.required ? out.color.red : out.color.dim },
        row.source ?? '',
        row.from.map(({ what, file, line }) => `${file}:${line} (${what})`).join(', '),
      ]),
    )
  })
  for (const { name, held } of rows) if (held !== null) out.warn(`agents still have another ${name} (${held}): it is the one of the last troupe up`)
  const missing = rows.filter((row) => row.required && row.state === 'unset')
  if (!given.flag('doctor') || missing.length === 0) return 0
  out.error(
    new TroupeError('failed', `${count(missing.length, 'required environment variable')} unset: ${missing.map(({ name }) => name).join(', ')}`, {
      hint: 'set them in the shell, or in .env beside team-compose.yaml, then troupe up',
      facts: { missing: missing.map(({ name }) => name) },
    }),
  )
  return 1
}

async function rowsOf(cli: Cli, root: string): Promise<Row[]> {
  const loaded = load(root, known)
  const team = teamOrThrow(loaded)
  const shell = Object.fromEntries(Object.entries(cli.env).filter((entry): entry is [string, string] => entry[1] !== undefined))
  const { values, problems } = teamEnvironment(team, shell, runtimeVariables)
  for (const problem of problems) cli.out.warn(problem)
  const { origins } = readDotenv(root)
  const variables = teamVariables(team)
  const held = await heldBy(cli, variables.map(({ name }) => name))
  return variables.map(({ name, from, required }): Row => {
    const here = values[name] === undefined ? null : masked(values[name])
    const there = held.get(name) ?? null
    return {
      name,
      state: here === null && there === null ? 'unset' : 'set',
      masked: here ?? there,
      source: shell[name] !== undefined ? 'shell' : here !== null ? (origins[name] ?? null) : there === null ? null : 'daemon',
      held: here !== null && there !== null && there !== here ? there : null,
      required,
      from: from.map((each) => ({ what: each.what, ...placeOf(root, loaded.origins, each) })),
    }
  })
}

/** By name, the end of what the daemon holds. Nothing where none runs: looking starts none. */
async function heldBy(cli: Cli, names: string[]): Promise<Map<string, string>> {
  if (names.length === 0 || !(await cli.running())) return new Map()
  // A daemon of before this operation, or one that refuses us, leaves what the files and the shell say.
  const held = await cli.call('daemon.held', { names }).catch((error: unknown) => {
    if (!(error instanceof TroupeError)) throw error
    cli.out.warn(`what the daemon holds is not known: ${error.message}`)
    return []
  })
  return new Map(held.map((each) => [each.name, each.masked]))
}
