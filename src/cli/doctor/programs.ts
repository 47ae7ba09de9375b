import { TroupeError } from '../../core/error.ts'
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

/** Nothing is wrong with a folder that has settings for its CLI; what they would do is said. */
export async function folders({ team }: Setting): Promise<Finding[]> {
  if (team === null) return []
  const found = await foldersOf(team)
  if (found.length === 0) return [fine('working folders', 'none has settings that would run something or lead a CLI elsewhere')]
  return found.map(({ file, what, agents }) => fine('working folders', `${file} ${what} (${agents.join(', ')})`))
}
