import { join } from 'node:path'
import type { Diagnostic } from '../../config/diagnostic.ts'
import { load } from '../../config/load.ts'
import { composeFile } from '../../config/paths.ts'
import { renderDiagnostics } from '../../config/render.ts'
import { validateReport, validateSummary } from '../../config/report.ts'
import { unlimited, unpriced } from '../../core/budget.ts'
import { exitCodes, TroupeError } from '../../core/error.ts'
import { agentsOf, type Agent, type Team } from '../../core/team.ts'
import { isPriced, modelWay } from '../../runtimes/index.ts'
import type { Cli } from '../cli.ts'
import { foldersOf } from '../folders.ts'
import type { Given } from '../given.ts'
import { known } from '../team-files.ts'

export async function validate(cli: Cli, given: Given): Promise<number> {
  const { out } = cli
  const loaded = load(await cli.root(), known)
  if (loaded.team !== null) loaded.diagnostics.push(...keyless(loaded.team, cli.env), ...priceless(loaded.team), ...(await strangeThings(loaded.team)))
  const report = validateReport(loaded)
  out.show(report, () => {
    const shown = renderDiagnostics(loaded.diagnostics, { color: out.wordColor.isColorSupported, verbose: given.flag('verbose'), from: cli.cwd })
    if (shown !== '') out.trouble(shown)
    if (report.ok) out.line(validateSummary(loaded))
    else out.trouble(`${out.wordColor.red('error:')} ${validateSummary(loaded)}; correct the files and validate again`)
    const free = loaded.team === null ? null : unlimited(loaded.team)
    if (free !== null) out.say(`${free}. Try: budget.daily_usd_limit in team-compose.yaml`)
  })
  return report.ok ? 0 : exitCodes.config
}

/** `up` may have another environment, so that this is no error yet. */
function keyless(team: Team, env: Cli['env']): Diagnostic[] {
  if (team.rehearsal !== null) return []
  const found = agentsOf(team).flatMap((agent) => (agent.metering === 'proxy' ? (wayless(agent, env) ?? []) : []))
  return [...Map.groupBy(found, ({ hint }) => hint)].map(([hint, alike]) => ({
    ...{ severity: 'warning', file: join(team.root, composeFile), line: 1, column: 1, excerpt: null },
    message: `the model calls of ${alike.map(({ address }) => address).join(', ')} are to go through troupe, and ${alike[0]?.why ?? ''}`,
    hint,
  }))
}

/** null: its calls have a way, and a key is there. */
function wayless(agent: Agent, env: Cli['env']): { address: string; why: string; hint: string } | null {
  const { address } = agent
  try {
    const { keys } = modelWay(agent)
    if (keys.some(({ variable }) => (env[variable] ?? '') !== '')) return null
    const variables = keys.map(({ variable }) => variable).join(' or ')
    return { address, why: 'there is no key here for that: a login of the CLI’s own cannot go that way', hint: `set ${variables} in the environment of troupe up, or take metering: proxy out` }
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    return { address, why: error.message, hint: error.hint ?? '' }
  }
}

function priceless(team: Team): Diagnostic[] {
  const blind = team.rehearsal === null ? unpriced(team, (model) => isPriced(model, Date.now(), team.budget.prices)) : null
  if (blind === null) return []
  return [{ ...{ severity: 'warning', file: join(team.root, composeFile), line: 1, column: 1, excerpt: null }, message: blind, hint: 'name the price in budget.prices of team-compose.yaml' }]
}

/** What agents’ working folders bring along: no fault of the team’s files, and worth knowing before they run. */
async function strangeThings(team: Team): Promise<Diagnostic[]> {
  return (await foldersOf(team)).map(({ file, what, agents }) => ({
    ...{ severity: 'warning', file, line: 1, column: 1, excerpt: null },
    message: `this file ${what} (working folder of ${agents.join(', ')})`,
    hint: 'docs/threat-model.md says what an agent’s CLI takes of its folder',
  }))
}
