import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { TroupeError } from '../core/error.ts'
import { didYouMean } from '../core/nearest.ts'
import { pick } from '../core/pick.ts'
import { contextsFile, readContexts, type Env } from './contexts.ts'
import { teamsFolder } from './home.ts'
import { composeFile } from './paths.ts'

export interface NamedTeam {
  name: string
  /** Absolute. Of a context the folder may be gone; of an ad-hoc team it is there. */
  root: string
  /** Made by `new`: its folder is ours, and `delete` may take it away. */
  adHoc: boolean
}

/** Every team that has a name for this person, ad-hoc teams first. A context of an ad-hoc team is not told twice. */
export function namedTeams(env: Env): NamedTeam[] {
  const adHoc = adHocTeams(env)
  const roots = new Set(adHoc.map(({ root }) => root))
  const names = new Set(adHoc.map(({ name }) => name))
  const contexts = [...readContexts(contextsFile(env)).roots].filter(([name, root]) => !names.has(name) && !roots.has(root))
  return [...adHoc, ...contexts.map(([name, root]) => ({ name, root, adHoc: false }))]
}

/** Those below the home of troupe. What begins with a dot there is being made, or on its way out. */
export function adHocTeams(env: Env): NamedTeam[] {
  const folder = teamsFolder(env)
  if (!existsSync(folder)) return []
  const real = realpathSync(folder)
  const names = readdirSync(real).filter((name) => !name.startsWith('.') && existsSync(join(real, name, composeFile)))
  return names.toSorted().map((name) => ({ name, root: join(real, name), adHoc: true }))
}

/** A team by its name or the beginning of it; `by` says who named it. Throws `unknown` with the candidates. */
export function findNamed(env: Env, name: string, by: string): NamedTeam {
  const teams = namedTeams(env)
  const names = teams.map((team) => team.name)
  const picked = pick(name, names)
  if (picked !== null && 'several' in picked) {
    throw new TroupeError('unknown', `"${name}", named by ${by}, is the beginning of ${picked.several.length} teams: ${picked.several.join(', ')}`, {
      hint: `write ${picked.several.join(' or ')}`,
      facts: { name, candidates: picked.several },
    })
  }
  const found = teams.find((team) => team.name === picked?.one)
  if (found !== undefined) return found
  throw new TroupeError('unknown', `there is no team "${name}", named by ${by}`, {
    hint: names.length === 0 ? `troupe new ${name} makes one` : `${didYouMean(name, names, 'teams')}; troupe list shows them`,
    facts: { name, teams: names },
  })
}
