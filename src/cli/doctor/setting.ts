import { hostOf } from '../../config/environment.ts'
import { load } from '../../config/load.ts'
import { composeFile, teamPaths } from '../../config/paths.ts'
import { systemClock } from '../../core/clock.ts'
import { TroupeError } from '../../core/error.ts'
import type { Team } from '../../core/team.ts'
import type { Cli } from '../cli.ts'
import { known } from '../team-files.ts'
import { fine, wrong, type Finding, type Setting } from './finding.ts'

/** Looks, and starts nothing: what stands here, and the finding about the team's files. */
export async function settingOf(cli: Cli, only: string | null = null): Promise<{ setting: Setting; files: Finding }> {
  const env = Object.fromEntries(Object.entries(cli.env).filter((entry): entry is [string, string] => entry[1] !== undefined))
  const root = await rootOf(cli)
  const { team, files } = filesOf(root)
  const { daemon, refusal } = root === null ? { daemon: null, refusal: null } : await askDaemon(cli)
  const setting = { host: hostOf(env, systemClock), now: systemClock.now(), paths: root === null ? null : teamPaths(root), team, daemon, refusal, only, call: cli.call }
  return { setting, files }
}

/** Null where there is no team here; a root that was named must be there. */
async function rootOf(cli: Cli): Promise<string | null> {
  try {
    return await cli.root()
  } catch (error) {
    if (cli.rootGiven || !(error instanceof TroupeError)) throw error
    return null
  }
}

function filesOf(root: string | null): { team: Team | null; files: Finding } {
  if (root === null) return { team: null, files: fine('team', 'no team here: only the machine was looked at') }
  const { team, diagnostics } = load(root, known)
  if (team !== null) return { team, files: fine('team', `${root}/${composeFile} and its files have no errors`) }
  const first = diagnostics.find((each) => each.severity === 'error')?.message ?? 'they cannot be read'
  return { team: null, files: wrong('team', `the files of ${root} have errors: ${first}`, 'troupe validate shows all of them') }
}

async function askDaemon(cli: Cli): Promise<Pick<Setting, 'daemon' | 'refusal'>> {
  try {
    return { daemon: (await cli.running()) ? await cli.call('daemon.status', {}) : null, refusal: null }
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    return { daemon: null, refusal: { why: error.message, fix: error.hint ?? 'troupe daemon logs' } }
  }
}
