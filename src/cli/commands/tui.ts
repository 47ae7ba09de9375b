import { TroupeError } from '../../core/error.ts'
import type { Cli } from '../cli.ts'

/** The team on one screen. All of it is loaded here and nowhere else. */
export async function tui(cli: Cli): Promise<number> {
  const { out } = cli
  if (out.json) throw new TroupeError('usage', 'tui is for people and has no JSON', { hint: 'troupe ps --watch --json' })
  if (!out.live || cli.stdin().isTTY !== true) {
    const why = cli.env.TERM === 'dumb' ? 'this terminal (TERM=dumb) has none' : 'there is none here'
    throw new TroupeError('usage', `tui needs a terminal that can move its cursor, and ${why}`, { hint: 'troupe ps --watch' })
  }
  const { runPage } = await import('../tui/run.ts')
  return await runPage(cli)
}
