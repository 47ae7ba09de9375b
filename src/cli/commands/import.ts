import { existsSync, renameSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { teamPaths } from '../../config/paths.ts'
import { TroupeError } from '../../core/error.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { count, escapeLine } from '../text.ts'

export async function teamctl(cli: Cli, given: Given): Promise<void> {
  const { out } = cli
  const named = given.text('file')
  const path = named === undefined ? await ownMailbox(cli, given.flag('dryRun')) : resolve(cli.cwd, named)
  const dryRun = given.flag('dryRun')
  const found = await cli.call('import.teamctl', { path, dryRun }, 'reading the mailbox')
  out.show({ ...found, path }, () => {
    const parts = [count(found.unacked, 'unread message'), `${found.history} of history`, count(found.bridges, 'open bridge'), `${count(found.approvals, 'approval')} as expired`, `${found.known} known already`]
    out.line(`import · ${parts.join(' · ')}${dryRun ? ' (dry run)' : ''}`)
    for (const [why, times] of Object.entries(found.skipped)) out.line(`  not taken: ${times} × ${escapeLine(why)}`)
  })
}

/** A root that teamctl used has its mailbox where ours is to be: it goes aside by its name alone, unread and unwritten. */
async function ownMailbox(cli: Cli, dryRun: boolean): Promise<string> {
  const { state } = teamPaths(await cli.root())
  const [file, aside] = [join(state, 'mailbox.db'), join(state, 'mailbox.teamctl.db')]
  try {
    await cli.call('daemon.status', {}, 'starting the daemon')
  } catch (error) {
    if (!(error instanceof TroupeError) || !error.message.includes('is the mailbox of teamctl') || existsSync(aside)) throw error
    await cli.close() // the next question starts a daemon anew
    setAside(file, aside)
    cli.out.say(`Set teamctl’s mailbox aside, as it is: ${aside}`)
    if (dryRun) cli.out.say(`Also in a dry run: no daemon starts beside it. To go back to teamctl: troupe daemon stop, then rename it to ${file}`)
    return aside
  }
  if (existsSync(aside)) return aside
  throw new TroupeError('usage', `there is no mailbox of teamctl in ${state}`, { hint: 'troupe import teamctl FILE' })
}

/**
 * The database last: as long as it stands under its old name no daemon begins with another one there, which would take the place
 * of the log that holds its newest mail. Cut short, the same again does the rest.
 */
export function setAside(file: string, aside: string, rename = renameSync): void {
  for (const end of ['-wal', '-shm', '']) if (existsSync(`${file}${end}`)) rename(`${file}${end}`, `${aside}${end}`)
}
