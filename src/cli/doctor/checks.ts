import { TroupeError } from '../../core/error.ts'
import { changedDatabase, changedFiles } from './changed.ts'
import { daemon, database, port } from './daemon.ts'
import { clock, launchFiles, modes, sockets, staleSockets } from './files.ts'
import { wrong, type Check, type Finding, type Setting } from './finding.ts'
import { limits, locale, node, space } from './machine.ts'
import { folders, leftOver, supervisor } from './programs.ts'
import { drift, providers, quotas } from './providers.ts'

/** Every check, in the order in which they are told: the machine, what is installed, the team's files, what runs. */
const checks: readonly Check[] = [
  node, locale, limits, clock, supervisor, providers, folders, space, modes, sockets, staleSockets, launchFiles, port, daemon, quotas, database, changedDatabase, changedFiles, leftOver,
]

/** `more`: asked for besides. */
export async function examine(setting: Setting, more: { drift: boolean }): Promise<Finding[]> {
  const found: Finding[] = []
  for (const check of [...checks, ...(more.drift ? [drift] : [])]) found.push(...(await survive(check, setting)))
  return found
}

/** A check that cannot be made is a finding, not the end of the others. */
async function survive(check: Check, setting: Setting): Promise<Finding[]> {
  try {
    return await check(setting)
  } catch (error) {
    const fix = (error instanceof TroupeError ? error.hint : undefined) ?? 'troupe support bundle gathers what a developer needs to know'
    return [wrong(check.name, `could not be looked at: ${error instanceof Error ? error.message : String(error)}`, fix)]
  }
}
