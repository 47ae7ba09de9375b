import { mkdirSync, lstatSync, rmdirSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { TroupeError } from '../core/error.ts'

/** What makes a folder a team root. */
export const composeFile = 'team-compose.yaml'

/** Unix sockets fail beyond about 103 bytes; kept well below, since agents' sockets go a folder deeper. */
const longestSocket = 90

/** Every file troupe keeps for one team root. Absolute. */
export interface Paths {
  root: string
  /** `<root>/state`, 0700. */
  state: string
  /** `<root>/state/run`, 0700: lock, port, logs of the daemon. */
  run: string
  /** Held by an exclusive SQLite transaction as long as the daemon lives. */
  lock: string
  daemonLog: string
  applied: string
  operatorSocket: string
  tmuxSocket: string
  /** Folder of one agent's own socket; mounted into containers. */
  agentSocket(incarnation: string): string
  /** Beside it: where the lane of an agent that speaks a protocol listens. */
  laneSocket(incarnation: string): string
  agentFolder(project: string, agent: string): string
  agentEnv(project: string, agent: string): string
  agentMcp(project: string, agent: string): string
  /** Files that came with messages, by their hash; 0700. */
  attachments: string
  /** One-time launch specs. */
  specs: string
}

export function teamPaths(root: string): Paths {
  const state = join(root, 'state')
  const run = join(state, 'run')
  const sockets = socketFolder(run, root)
  return {
    root,
    state,
    run,
    lock: join(run, 'lock.db'),
    daemonLog: join(run, 'daemon.log'),
    applied: join(state, 'applied.json'),
    operatorSocket: join(sockets, 'op.sock'),
    tmuxSocket: join(sockets, 'tmux.sock'),
    agentSocket: (incarnation) => join(sockets, incarnation.slice(-12), 'mcp.sock'),
    laneSocket: (incarnation) => join(sockets, incarnation.slice(-12), 'lane.sock'),
    agentFolder: (project, agent) => join(state, 'agents', `${project}-${agent}`),
    agentEnv: (project, agent) => join(state, 'envs', `${project}-${agent}.env`),
    agentMcp: (project, agent) => join(state, 'mcp', `${project}-${agent}.json`),
    attachments: join(state, 'attachments'),
    specs: join(run, 'specs'),
  }
}

/**
 * `state/run` if socket paths stay short enough there, else a folder of this user's under the system's
 * temporary folder, named after the root. Not XDG_RUNTIME_DIR: it goes at logout, agents do not.
 */
function socketFolder(run: string, root: string): string {
  if (Buffer.byteLength(join(run, '0'.repeat(12), 'lane.sock')) <= longestSocket) return run
  // Loaded here, not imported: it costs more than all else that a command loads to find its socket.
  const { createHash } = process.getBuiltinModule('node:crypto')
  const name = createHash('sha256').update(root).digest('hex').slice(0, 12)
  return join(tmpdir(), `troupe-${userInfo().uid}`, name)
}

/** Makes the folders that must exist before anything listens; refuses a socket folder that somebody else owns. */
export function preparePaths(paths: Paths): void {
  for (const folder of [paths.state, paths.run, paths.specs, paths.attachments]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const sockets = join(paths.operatorSocket, '..')
  for (const folder of sockets === paths.run ? [] : [join(sockets, '..'), sockets]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const found = lstatSync(folder)
    if (!found.isDirectory() || found.uid !== userInfo().uid || (found.mode & 0o077) !== 0) {
      throw new TroupeError('denied', `${folder} is not a private folder of yours`, {
        hint: `remove ${folder}, or set TMPDIR to a folder of your own`,
      })
    }
  }
}

/** Takes an empty socket folder outside of the root away. Only for who holds the root's lock: it is made anew under that. */
export function leavePaths(paths: Paths): void {
  const sockets = join(paths.operatorSocket, '..')
  if (sockets === paths.run) return
  try {
    rmdirSync(sockets)
  } catch {
    // still in use by agents, or gone: nothing depends on it
  }
}
