import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { parseDocument } from 'yaml'
import type { Loaded } from '../../config/load.ts'
import { composeFile } from '../../config/paths.ts'
import { teamOrThrow } from '../../config/report.ts'
import { TroupeError } from '../../core/error.ts'
import { agentsOf, type Team } from '../../core/team.ts'
import { writeAtomic } from '../../util/atomic-write.ts'

/** What of a team was written where, and what stayed behind. */
export interface Written {
  root: string
  /** Relative to it. */
  files: string[]
  /** Named by the team, but not below its root: the new one names them where they are. */
  elsewhere: string[]
}

/**
 * Writes the files of a team to another folder: an ordinary team, of the same agents, that works where this one does.
 * Secrets (`.env`) and state stay. The compose file comes last: half a team is no team. Throws `conflict` where one is.
 */
export function writeTeam(loaded: Loaded, target: string): Written {
  const team = teamOrThrow(loaded)
  for (const taken of [join(target, composeFile), join(target, '.team')]) {
    if (existsSync(taken)) throw new TroupeError('conflict', `${taken} is there already`, { hint: 'name a folder without a team', facts: { file: taken } })
  }
  const named = namedBy(team)
  const inside = named.filter((path) => isBelow(team.root, path) && existsSync(path))
  for (const path of inside) cpSync(path, join(target, relative(team.root, path)), { recursive: true, errorOnExist: true, force: false })
  const projects = [...loaded.origins.projects.entries()].map(([id, { file }]): [string, string] => [relative(team.root, file), projectText(file, team.projects.find((each) => each.id === id)?.cwd ?? '.')])
  const texts: [string, string][] = [...projects, [composeFile, readFileSync(loaded.origins.compose.file, 'utf8')]]
  for (const [name, text] of texts) {
    mkdirSync(dirname(join(target, name)), { recursive: true })
    writeAtomic(join(target, name), text)
  }
  return { root: target, files: [...inside.map((path) => relative(team.root, path)), ...texts.map(([name]) => name)], elsewhere: named.filter((path) => !isBelow(team.root, path)) }
}

/** Files and folders besides those of YAML that make the team what it is. Absolute. */
function namedBy(team: Team): string[] {
  const descriptors = join(team.root, 'runtimes')
  const own = existsSync(descriptors) ? readdirSync(descriptors).filter((name) => name.endsWith('.yaml')).map((name) => join(descriptors, name)) : []
  const agents = agentsOf(team).flatMap(({ rolePrompt, skills, subagents }) => [...rolePrompt, ...skills, ...subagents])
  const scenario = team.rehearsal !== null && isAbsolute(team.rehearsal) ? [team.rehearsal] : []
  return [...new Set([...own, ...agents, ...scenario])].filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined)
}

/** The working folder is told from the root: from another one it would be another folder. */
function projectText(file: string, cwd: string): string {
  const text = readFileSync(file, 'utf8')
  const document = parseDocument(text)
  const said = document.getIn(['project', 'cwd'])
  if (typeof said !== 'string' || isAbsolute(said)) return text
  document.setIn(['project', 'cwd'], cwd)
  return document.toString({ lineWidth: 0 })
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path)
  return way !== '' && !way.startsWith('..') && !isAbsolute(way)
}
