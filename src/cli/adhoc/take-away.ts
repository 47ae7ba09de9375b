import { removeTeam } from '../../config/ad-hoc.ts'
import type { Cli } from '../cli.ts'

/** Ends every process of the team that `cli` works on, then its folder goes, with all that was in it. */
export async function takeAway(cli: Cli, root: string): Promise<void> {
  if (await cli.running()) {
    await cli.call('down', { hard: true }, 'ending the team')
    await cli.ended()
  }
  await cli.close()
  removeTeam(root)
}
