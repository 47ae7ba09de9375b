import { TroupeError } from '../../core/error.ts'
import type { Health } from '../../core/runtime.ts'
import { agentsOf } from '../../core/team.ts'
import { loadRuntime, runtimeNames } from '../../runtimes/index.ts'
import { probeSupervisor, supervisorNames } from '../../supervisors/index.ts'
import { run } from '../../util/spawn.ts'
import { foldersOf } from '../folders.ts'
import { answers, lookAt } from './files.ts'
import { fine, wrong, type Finding, type Setting } from './finding.ts'

export async function supervisor({ team, host }: Setting): Promise<Finding[]> {
  const name = team?.supervisor.type ?? supervisorNames.default
  try {
    return [fine('supervisor', `${name}: ${await probeSupervisor(name, host.env)}`)]
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    return [wrong('supervisor', error.message, error.hint ?? `install ${name}`)]
  }
}

/** Terminals that nobody needs any more: the team is down, no daemon runs, and its terminal server goes on. */
export async function leftOver({ paths, daemon, host }: Setting): Promise<Finding[]> {
  if (paths === null || lookAt(paths.tmuxSocket) === null || !(await answers(paths.tmuxSocket))) return [fine('terminals', 'no terminal server of this team runs')]
  const { stdout } = await run(['tmux', '-S', paths.tmuxSocket, 'list-sessions', '-F', '#S'], { env: host.env, timeoutMs: 10_000 })
  const agents = stdout.split('\n').filter((name) => name !== '' && !name.startsWith('_troupe-'))
  const text = `${agents.length} terminal${agents.length === 1 ? '' : 's'} at ${paths.tmuxSocket}`
  if (daemon !== null || lookAt(paths.applied) !== null) return [fine('terminals', text)]
  return [wrong('terminals', `${text} although the team is down`, `tmux -S ${paths.tmuxSocket} kill-server ends them`)]
}

/** The runtimes that the team names; all that this version has, outside a team. */
export async function runtimes(setting: Setting): Promise<Finding[]> {
  const { team } = setting
  if (team === null) return await Promise.all(runtimeNames.ready.map(async (name) => judge(setting, name, await healthOf(setting, name, null), false)))
  const named = new Map(agentsOf(team).map((agent) => [agent.runtime, agent.descriptor]))
  return await Promise.all([...named].map(async ([name, descriptor]) => judge(setting, name, await healthOf(setting, name, descriptor), team.rehearsal === null)))
}

/** Nothing is wrong with a folder that has settings for its CLI; what they would do is said. */
export async function folders({ team }: Setting): Promise<Finding[]> {
  if (team === null) return []
  const found = await foldersOf(team)
  if (found.length === 0) return [fine('working folders', 'none has settings that would run something or lead a CLI elsewhere')]
  return found.map(({ file, what, agents }) => fine('working folders', `${file} ${what} (${agents.join(', ')})`))
}

async function healthOf({ host }: Setting, name: string, descriptor: Parameters<typeof loadRuntime>[1]): Promise<Health> {
  try {
    return await (await loadRuntime(name, descriptor, 'terminal')).health(host)
  } catch (error) {
    const fix = (error instanceof TroupeError ? error.hint : undefined) ?? `look at what ${name} needs in docs/compatibility.md`
    return { installed: false, program: null, version: null, features: {}, problem: { why: error instanceof Error ? error.message : String(error), fix } }
  }
}

/** `needed`: agents of this team run on it for real. In a rehearsal a scripted agent stands in. */
function judge(_setting: Setting, name: string, { installed, program, version, features, problem }: Health, needed: boolean): Finding {
  const check = `runtime ${name}`
  const without = needed ? '' : ' (not needed here)'
  if (problem !== null) return needed || installed ? wrong(check, `${problem.why}${without}`, problem.fix) : fine(check, `${problem.why}${without}`)
  const text = `${version ?? 'unknown version'} at ${program ?? '?'}`
  if (features['authenticated'] !== false) return fine(check, `${text}${features['authenticated'] === true ? ', logged in' : ''}`)
  return needed ? wrong(check, `${text} is not logged in`, `run ${program ?? name} once and log in, or set its key in the environment of troupe up`) : fine(check, `${text}, not logged in${without}`)
}
