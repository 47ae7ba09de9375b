import { existsSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { adHocFiles, placeTeam, teamName, type AdHocTeam } from '../../config/ad-hoc.ts'
import { readAgenticTeams, type AgenticTeam, type AgenticTeams } from '../../config/agentic-team.ts'
import { changeContexts } from '../../config/change-contexts.ts'
import { changeDefaults } from '../../config/defaults.ts'
import { namedTeams } from '../../config/named-teams.ts'
import { TroupeError } from '../../core/error.ts'
import { notAModel, runtimeNames } from '../../runtimes/index.ts'
import { checkModel, permissionOf, providerOrThrow, workerModeOf } from '../adhoc/wish.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { count } from '../text.ts'

interface Taken {
  name: string
  /** Its name there. */
  from: string
  root: string | null
  workers: number
  notes: string[]
}

/** Teams, defaults and history of agentic-team, whose folder is only read. Doing it again brings nothing twice. */
export async function agenticTeam(cli: Cli, given: Given): Promise<number> {
  const folder = folderOf(cli, given.text('dir'))
  const dryRun = given.flag('dryRun')
  const found = readAgenticTeams(folder)
  const problems = [...found.problems]
  const taken: Taken[] = []
  const known: string[] = []
  for (const team of found.teams) {
    const name = nameFor(team.name)
    if (namedTeams(cli.env).some((each) => each.name === name)) known.push(name)
    else {
      const one = attempt(team, () => take(cli, team, name, dryRun))
      if ('taken' in one) taken.push(one.taken)
      else problems.push(one.problem)
    }
  }
  if (!dryRun) settle(cli, found, taken, problems)
  const defaults = found.defaults.provider === undefined ? null : found.defaults
  cli.out.show({ from: folder, dryRun, teams: taken, known, defaults, problems }, () => {
    for (const { name, from, workers, notes } of taken) {
      cli.out.line(`${dryRun ? 'would take' : 'took'} ${from}${from === name ? '' : ` as ${name}`}${workers === 0 ? '' : `, ${count(workers, 'worker')} as history`}`)
      for (const note of notes) cli.out.line(`  ${note}`)
    }
    for (const name of known) cli.out.line(`known already: ${name}`)
    if (taken.length + known.length === 0) cli.out.line('(no teams)')
  })
  for (const problem of problems) cli.out.warn(problem)
  if (taken.length > 0 && !dryRun) cli.out.say(`Try: troupe list, troupe -T ${taken[0]?.name ?? ''} up`)
  return problems.length > 0 ? 1 : 0
}

function folderOf({ cwd, env }: Cli, named: string | undefined): string {
  const folder = named === undefined ? join(env.HOME === undefined || env.HOME === '' ? homedir() : env.HOME, '.agentic-team') : resolve(cwd, named)
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder
  throw new TroupeError('usage', `${folder} is not there`, { hint: 'troupe import agentic-team DIR', facts: { folder } })
}

function attempt(team: AgenticTeam, work: () => Taken): { taken: Taken } | { problem: string } {
  try {
    return { taken: work() }
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    return { problem: `${team.file}: ${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}` }
  }
}

/** Throws `usage` for what no team can have here. */
function take(cli: Cli, theirs: AgenticTeam, name: string, dryRun: boolean): Taken {
  const { workers, workingDir: cwd, maxWorkers, worktrees } = theirs
  const provider = providerOrThrow(theirs.provider)
  const notes: string[] = []
  const model = theirs.model === null || notAModel(provider.runtime, theirs.model) === null ? theirs.model : null
  if (model !== theirs.model) notes.push(`its model ${theirs.model ?? ''} is none of ${provider.name}: left out`)
  const wanted = workerModeOf(theirs.workerMode, null)
  const can = runtimeNames.modes[provider.runtime] ?? ['terminal']
  const workerMode = can.includes(wanted) ? wanted : 'terminal'
  if (workerMode !== wanted) notes.push(`workers of ${provider.name} cannot be ${theirs.workerMode} in this version: interactive`)
  if (!existsSync(cwd)) notes.push(`its working directory ${cwd} is not there`)
  const team: AdHocTeam = { name, runtime: provider.runtime, model, permissionMode: permissionOf(theirs.permissions), workerMode, maxWorkers, worktrees, cwd, rehearsal: null }
  const history: [string, string][] = workers.length === 0 ? [] : [['history/agentic-team.json', `${JSON.stringify({ team: theirs.name, workers }, null, 2)}\n`]]
  const root = dryRun ? null : placeTeam(cli.env, name, [...history, ...adHocFiles(team)])
  return { name, from: theirs.name, root, workers: workers.length, notes }
}

/** `my.team` → `my-team`: names end up in addresses and terminals. */
function nameFor(theirs: string): string {
  if (teamName.test(theirs)) return theirs
  return theirs.replaceAll(/[^A-Za-z0-9_-]+/g, '-').replaceAll(/^[-_]+|-+$/g, '').slice(0, 40) || 'team'
}

/** What a person chose here already stays. */
function settle(cli: Cli, { active, defaults }: AgenticTeams, taken: readonly Taken[], problems: string[]): void {
  const roots = taken.flatMap(({ name, root }): [string, string][] => (root === null ? [] : [[name, root]]))
  const wanted = taken.find(({ from }) => from === active)?.name ?? null
  if (roots.length > 0) changeContexts(cli.env, (found) => ({ current: found.current ?? wanted, roots: new Map([...found.roots, ...roots]) }))
  if (defaults.provider === undefined) return
  try {
    const { name } = providerOrThrow(defaults.provider)
    const { model } = defaults
    if (model !== undefined) checkModel(providerOrThrow(name), model)
    changeDefaults(cli.env, (found) => (found.provider === undefined ? { ...found, provider: name, model } : found))
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    problems.push(`defaults.toml: ${error.message}`)
  }
}
