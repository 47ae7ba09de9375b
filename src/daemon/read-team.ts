import type { Known } from '../config/known.ts'
import { load, type Read } from '../config/load.ts'
import { placeOf } from '../config/origins.ts'
import { placeIn } from '../config/places.ts'
import { teamOrThrow } from '../config/report.ts'
import type { ChangedKey } from '../core/change.ts'
import type { Rule } from '../core/rule.ts'
import type { Team } from '../core/team.ts'
import { gatewayNames } from '../gateways/index.ts'
import { runtimeNames } from '../runtimes/index.ts'
import { supervisorNames } from '../supervisors/index.ts'

export const known: Known = { runtimes: runtimeNames, supervisors: supervisorNames, gateways: gatewayNames }

export interface TeamFiles {
  team: Team
  /** Where a key stands, as `projects/hello.yaml:12`; null where no file says it. */
  at(key: ChangedKey): string | null
  /** The YAML files it was read from. */
  sources: string[]
  /** The file of each project, by its id. */
  projectFiles: ReadonlyMap<string, string>
}

/** The team as its files say now. Throws `config` with every error and its place. */
export function readTeam(root: string): Team {
  return readFiles(root).team
}

/** `read`: stands in for files that are not written yet. */
export function readFiles(root: string, read?: Read): TeamFiles {
  const loaded = load(root, known, read)
  const team = teamOrThrow(loaded)
  const { compose, projects } = loaded.origins
  const sources = [compose, ...projects.values()].map(({ file }) => file)
  return { team, sources, projectFiles: new Map([...projects].map(([id, { file }]) => [id, file])), at: ({ project, path }) => placeIn(team.root, loaded.origins, project, path) }
}

/** A setting of team-compose.yaml as people find it: `limits.x (team-compose.yaml:12)`; a default has the place nearest to it. */
export function settingName(root: string, path: readonly string[]): string {
  const { origins } = load(root, known)
  return `${path.join('.')} (${placeIn(root, origins, null, path)})`
}

/** Where the files set a rule now, `projects/shop.yaml:12`; null where they do not. Reads them. */
export function rulePlaces(root: string): (rule: Pick<Rule, 'project' | 'path'>) => string | null {
  const { origins, team } = load(root, known)
  return ({ project, path }) => (path === null ? null : placeOf(team?.root ?? root, origins, { project, path }))
}

/** The YAML files behind the team, absolute, whether they are right or not. */
export function teamSources(root: string): string[] {
  const { compose, projects } = load(root, known).origins
  return [compose, ...projects.values()].map(({ file }) => file)
}
