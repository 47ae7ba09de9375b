import { run } from '../../util/spawn.ts'
import { decodeValue, encodeValue } from './names.ts'

/** Longer than a server takes that is there. ms */
const timeoutMs = 10_000

/**
 * Addresses of agents of this root that run, whether a daemon looks after them or not: on the team's own server, and on the
 * user's. Starts nothing; where tmux is gone nothing can be told.
 */
export async function stillRunning(root: string, socket: string, env: Record<string, string>): Promise<string[]> {
  const found = await Promise.all([['-S', socket], []].map((server) => at(server, root, env)))
  return found.flat()
}

async function at(server: readonly string[], root: string, { TMUX: _person, ...env }: Record<string, string>): Promise<string[]> {
  const argv = ['tmux', ...server, 'list-panes', '-a', '-f', `#{==:#{@troupe_root},${encodeValue(root)}}`, '-F', '#{pane_dead} #{@troupe_agent}']
  const ran = await run(argv, { env, timeoutMs }).catch(() => null) // no tmux here
  if (ran?.code !== 0) return []
  return ran.stdout.split('\n').flatMap((line) => (line.startsWith('0 ') ? [decodeValue(line.slice(2))] : []))
}
