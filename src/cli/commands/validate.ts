import { load } from '../../config/load.ts'
import { renderDiagnostics } from '../../config/render.ts'
import { validateReport, validateSummary } from '../../config/report.ts'
import { exitCodes } from '../../core/error.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { known } from '../team-files.ts'

export async function validate(cli: Cli, given: Given): Promise<number> {
  const { out } = cli
  const loaded = load(await cli.root(), known)
  const report = validateReport(loaded)
  out.show(report, () => {
    const shown = renderDiagnostics(loaded.diagnostics, { color: out.wordColor.isColorSupported, verbose: given.flag('verbose'), from: cli.cwd })
    if (shown !== '') out.trouble(shown)
    if (report.ok) out.line(validateSummary(loaded))
    else out.trouble(`${out.wordColor.red('error:')} ${validateSummary(loaded)}; correct the files and validate again`)
  })
  return report.ok ? 0 : exitCodes.config
}
