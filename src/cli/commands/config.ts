import { load } from '../../config/load.ts'
import { renderConfig } from '../../config/origins.ts'
import { teamOrThrow } from '../../config/report.ts'
import { fileKinds, jsonSchema } from '../../config/schema/json.ts'
import { teamView } from '../../config/view.ts'
import { TroupeError } from '../../core/error.ts'
import { nearest } from '../../core/nearest.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { known } from '../team-files.ts'
import { escapeText, toJson } from '../text.ts'

export async function config({ out, root }: Cli, _given: Given): Promise<void> {
  const loaded = load(await root(), known)
  const team = teamOrThrow(loaded)
  out.show({ root: team.root, ...teamView(team) }, () => out.raw(escapeText(renderConfig(team, loaded.origins))))
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
