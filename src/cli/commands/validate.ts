import type { Diagnostic } from '../../config/diagnostic.ts'
import { load } from '../../config/load.ts'
import { renderDiagnostics } from '../../config/render.ts'
import { validateReport, validateSummary } from '../../config/report.ts'
import { unlimited } from '../../core/budget.ts'
import { exitCodes } from '../../core/error.ts'
import type { Team } from '../../core/team.ts'
import type { Cli } from '../cli.ts'
import { foldersOf } from '../folders.ts'
import type { Given } from '../given.ts'
import { known } from '../team-files.ts'

export async function validate(cli: Cli, given: Given): Promise<number> {
  const { out } = cli
  const loaded = load(await cli.root(), known)
  if (loaded.team !== null) loaded.diagnostics.push(...(await strangeThings(loaded.team)))
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

/** What agents’ working folders bring along: no fault of the team’s files, and worth knowing before they run. */
async function strangeThings(team: Team): Promise<Diagnostic[]> {
  return (await foldersOf(team)).map(({ file, what, agents }) => ({
    ...{ severity: 'warning', file, line: 1, column: 1, excerpt: null },
    message: `this file ${what} (working folder of ${agents.join(', ')})`,
    hint: 'docs/threat-model.md says what an agent’s CLI takes of its folder',
  }))
}
