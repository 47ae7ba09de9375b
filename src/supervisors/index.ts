import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { Supervisor } from '../core/supervisor.ts'
import type { SupervisorSettings, Team } from '../core/team.ts'

/** What a supervisor is made of. Paths are absolute. */
export interface SupervisorContext {
  /** Of the team. */
  root: string
  /** Where terminals are, for as long as this supervisor is open. */
  settings: SupervisorSettings
  /** For what may change meanwhile: names of terminals that are made, sizes of logs. */
  teamNow(): Team
  clock: Clock
  /** Socket of the team's own tmux server. */
  tmuxSocket: string
  /** Folder of one-time launch specs, 0700. */
  specs: string
  agentFolder(project: string, agent: string): string
  /** argv prefix of the small program that becomes the agent. */
  launcher: string[]
  /** The environment of the host itself: what a tmux server needs to start. */
  env: Record<string, string>
}

export type MakeSupervisor = (context: SupervisorContext) => Supervisor

interface Entry {
  /** Absent while nothing is behind the word. */
  load?: () => Promise<MakeSupervisor>
  /** The version of what it drives. Throws TroupeError where that is missing or too old. */
  probe?: (env: Record<string, string>) => Promise<string>
}

/** YAML word → supervisor, loaded when it is first needed. One line for each. */
const supervisors: Readonly<Record<string, Entry>> = {
  tmux: {
    load: async () => (await import('./tmux/index.ts')).fromContext,
    probe: async (env) => `tmux ${await (await import('./tmux/server.ts')).checkVersion(env)}`,
  },
  systemd: {},
  launchd: {},
  podman: {},
}

const words = Object.keys(supervisors)

/** What config needs to know of this folder. */
export const supervisorNames = {
  default: 'tmux',
  ready: words.filter((word) => supervisors[word]?.load !== undefined),
  planned: words.filter((word) => supervisors[word]?.load === undefined),
}

/** What the supervisor of this name finds on the machine, such as `tmux 3.5a`. Throws TroupeError where it cannot work here. */
export async function probeSupervisor(name: string, env: Record<string, string>): Promise<string> {
  const probe = Object.hasOwn(supervisors, name) ? supervisors[name]?.probe : undefined
  return probe === undefined ? 'nothing to look for' : await probe(env)
}

/** Agents of a root that run, whether a daemon looks after them or not. `tmuxSocket`: of the team's own server. */
export async function stillRunning(root: string, tmuxSocket: string, env: Record<string, string>): Promise<string[]> {
  return await (await import('./tmux/still-running.ts')).stillRunning(root, tmuxSocket, env)
}

/** The supervisor that a team names. */
export async function loadSupervisor(name: string, context: SupervisorContext): Promise<Supervisor> {
  const load = Object.hasOwn(supervisors, name) ? supervisors[name]?.load : undefined
  if (load === undefined) {
    throw new TroupeError('config', `the supervisor \`${name}\` cannot be used in this version`, {
      hint: `write supervisor: {type: ${supervisorNames.default}}`,
    })
  }
  return (await load())(context)
}
