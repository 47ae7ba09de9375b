import { join, resolve } from 'node:path'
import { load, type Loaded } from '../../config/load.ts'
import { renderConfig } from '../../config/origins.ts'
import { teamOrThrow } from '../../config/report.ts'
import { fileKinds, jsonSchema } from '../../config/schema/json.ts'
import { teamView } from '../../config/view.ts'
import { TroupeError } from '../../core/error.ts'
import { nearest } from '../../core/nearest.ts'
import { writeTeam } from '../adhoc/write-team.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { quoteArgv } from '../quote.ts'
import { known } from '../team-files.ts'
import { escapeLine, escapeText, toJson } from '../text.ts'

export async function config(cli: Cli, given: Given): Promise<void> {
  const { out, root } = cli
  const loaded = load(await root(), known)
  const target = given.text('write')
  if (target !== undefined) return write(cli, loaded, resolve(cli.cwd, target))
  const team = teamOrThrow(loaded)
  out.show({ root: team.root, ...teamView(team) }, () => out.raw(escapeText(renderConfig(team, loaded.origins))))
}

function write({ out }: Cli, loaded: Loaded, target: string): void {
  const written = writeTeam(loaded, target)
  out.show(written, () => written.files.forEach((file) => out.line(escapeLine(join(target, file)))))
  for (const path of written.elsewhere) out.warn(`${path} lies outside the team’s folder and is named where it is`)
  out.say(`An ordinary team; secrets and state stayed. Try: troupe -C ${quoteArgv([target])} validate`)
}

/** JSON with and without --json: it is one value either way. */
export async function schema({ out }: Cli, given: Given): Promise<void> {
  const name = given.text('file') ?? 'compose'
  const kind = fileKinds.find((each) => each === name)
  if (kind === undefined) {
    throw new TroupeError('usage', `there is no file called "${name}" in a team`, { hint: `troupe config schema ${nearest(name, fileKinds) ?? fileKinds.join('|')}` })
  }
  out.line(toJson(jsonSchema(kind, known)))
}
