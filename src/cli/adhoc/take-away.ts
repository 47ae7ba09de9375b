import { existsSync } from 'node:fs'
import { removeTeam } from '../../config/ad-hoc.ts'
import { teamPaths } from '../../config/paths.ts'
import type { Cli } from '../cli.ts'

/**
 * Ends every process of the team that `cli` works on, then its folder goes, with all that was in it. Agents go on without a daemon
 * that was killed: where their terminals are still there, the next one ends them.
 */
export async function takeAway(cli: Cli, root: string): Promise<void> {
  if ((await cli.running()) || existsSync(teamPaths(root).tmuxSocket)) {
    await cli.call('down', { hard: true }, 'ending the team').catch(async (error: unknown) => await endDaemonAlone(cli, error))
    await cli.ended()
  }
  await cli.close()
  removeTeam(root)
}

/** Where terminals cannot be reached at all (no tmux) and no agent ever ran, the daemon is all there is to end. */
async function endDaemonAlone(cli: Cli, error: unknown): Promise<void> {
  const rows = await cli.call('ps', {}).catch(() => null)
  if (rows === null || rows.some(({ incarnation }) => incarnation !== null)) throw error
  await cli.call('daemon.stop', {})
}
