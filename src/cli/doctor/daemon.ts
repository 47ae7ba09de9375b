import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { programVersion } from '../../api/wire.ts'
import { checkBeside } from '../../util/check-beside.ts'
import { olderThan } from '../../util/versions.ts'
import { fine, wrong, type Finding, type Setting } from './finding.ts'

export function daemon({ paths, daemon: found, refusal }: Setting): Finding[] {
  if (paths === null) return []
  if (refusal !== null) return [wrong('daemon', refusal.why, refusal.fix)]
  if (found === null) {
    if (!existsSync(paths.applied)) return [fine('daemon', 'none runs; the team is down')]
    return [wrong('daemon', 'the team is up, but its daemon does not run: nobody carries mail or restarts agents', 'troupe daemon start; troupe daemon logs says why it ended')]
  }
  const text = `process ${found.pid}, version ${found.version}, at ${found.address}`
  return [
    found.version === programVersion
      ? fine('daemon', text)
      : wrong('daemon', `${text}; this is version ${programVersion}`, olderThan(found.version, programVersion) ? 'troupe daemon restart; agents go on' : `use troupe ${found.version}`),
    found.keeper === null
      ? wrong('keeper', 'no keeper watches the daemon: nobody brings it back if it dies', 'troupe daemon stop, then troupe daemon start; agents go on')
      : fine('keeper', `process ${found.keeper}`),
  ]
}

/** Agents hold the address of their daemon, so that the port must stay the one of the last run. */
export async function port({ paths, daemon: found, refusal }: Setting): Promise<Finding[]> {
  const file = paths === null ? '' : join(paths.run, 'port')
  if (paths === null || found !== null || refusal !== null || !existsSync(file)) return []
  const wanted = Number(readFileSync(file, 'utf8'))
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > 65_535) return [fine('port', 'a new one is chosen at the next start')]
  if (await isFree(wanted)) return [fine('port', `${wanted} is free`)]
  return [wrong('port', `port ${wanted} of this team was taken by another program`, `end the program that listens on ${wanted}, or remove ${file} to get another port (restart the agents then)`)]
}

function isFree(wanted: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(wanted, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

function isEmpty(file: string): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0
}

/** Asked of the daemon while it runs; in a process of its own, which only reads, otherwise. */
export async function database({ paths, team, daemon: found, call, refusal }: Setting): Promise<Finding[]> {
  if (team === null || refusal !== null) return []
  const { broker } = team
  if (found === null && broker.type === 'postgres') return [fine('database', 'PostgreSQL; the daemon asks it once it runs')]
  const remembered = paths === null ? '' : join(paths.state, 'journal-head.json')
  if (found === null && broker.type === 'sqlite' && isEmpty(broker.path) && existsSync(remembered))
    return [wrong('database', `${broker.path} is empty or gone, and the team had a journal there`, `put a copy back; or, to begin anew without what it held, rm ${remembered}; then troupe daemon start`)]
  const { ok, why } = found !== null ? await call('daemon.check', {}) : broker.type === 'sqlite' ? await checkBeside(broker.path) : { ok: true, why: '' }
  return [ok ? fine('database', why) : wrong('database', why, 'troupe daemon stop (agents go on); keep the file, then put a copy back in its place (*.before-… and *.rescued beside it are some); troupe daemon start')]
}
