import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { Supervisor } from '../core/supervisor.ts'
import type { Team } from '../core/team.ts'

/** What a supervisor is made of. Paths are absolute. */
export interface SupervisorContext {
  team: Team
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
}

/** YAML word → supervisor, loaded when it is first needed. One line for each. */
const supervisors: Readonly<Record<string, Entry>> = {
  tmux: { load: async () => (await import('./tmux/index.ts')).fromContext },
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
