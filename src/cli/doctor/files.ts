import { chmodSync, lstatSync, readdirSync, rmSync, statSync, type Stats } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import type { Paths } from '../../config/paths.ts'
import { programPath } from '../../util/programs.ts'
import { fine, wrong, type Finding, type Setting } from './finding.ts'

/** Unix sockets fail beyond this on some systems. Bytes, with the name that an agent's socket adds. */
const longestSocket = 103
const agentPart = '/000000000000/mcp.sock'
/** A launcher takes its launch file within milliseconds. ms */
const specAge = 60_000
/** Clocks of file systems may differ a little. ms */
const skew = 60_000

export function clock({ now, paths }: Setting): Finding[] {
  const built = statSync(programPath('troupe'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const written = paths === null ? [] : [paths.lock, paths.applied, paths.daemonLog, join(paths.state, 'journal-head.json')].map((file) => lookAt(file)?.mtimeMs ?? 0)
  const latest = Math.max(built, ...written)
  if (latest <= now + skew) return [fine('clock', `${new Date(now).toISOString()}, after every file of the team`)]
  return [wrong('clock', `it shows ${new Date(now).toISOString()}, but a file was written at ${new Date(latest).toISOString()}`, 'set the clock of this machine; waits and expiries count by it')]
}

export function modes({ paths, host }: Setting): Finding[] {
  if (paths === null || lookAt(paths.state) === null) return []
  const mine = process.getuid?.()
  const open = privateThings(paths).filter(({ stats }) => (stats.mode & 0o077) !== 0)
  const foreign = privateThings(paths).find(({ stats }) => mine !== undefined && stats.uid !== mine && !host.isRoot)
  const check = 'modes of state'
  if (foreign !== undefined) return [wrong(check, `${foreign.path} belongs to another user`, `sudo chown -R ${mine} ${paths.state}`)]
  if (open[0] === undefined) return [fine(check, `${paths.state} is yours alone`)]
  const others = open.length === 1 ? '' : ` and ${open.length - 1} more`
  const run = (): void => open.forEach(({ path, stats }) => chmodSync(path, stats.isDirectory() ? 0o700 : 0o600))
  return [wrong(check, `${open[0].path}${others} can be read by other users`, `chmod -R go= ${paths.state}`, { what: `take the rights of others away from ${open.length} files and folders`, run })]
}

/** Folders, and the files that stand in them; what an agent has in its own folder is its own affair, the folder is closed. */
function privateThings({ state, run, specs }: Paths): { path: string; stats: Stats }[] {
  const inside = [state, run, specs, join(state, 'envs'), join(state, 'mcp'), join(state, 'agents')].flatMap((folder) =>
    list(folder).map((name) => join(folder, name)),
  )
  return [...new Set([state, ...inside])].flatMap((path) => {
    const stats = lookAt(path)
    return stats !== null && (stats.isDirectory() || stats.isFile()) ? [{ path, stats }] : []
  })
}

export function sockets({ paths, host }: Setting): Finding[] {
  if (paths === null) return []
  const folder = dirname(paths.operatorSocket)
  const longest = Buffer.byteLength(folder) + agentPart.length
  const check = 'socket folder'
  if (longest > longestSocket) return [wrong(check, `paths of sockets below ${folder} would have ${longest} bytes, ${longestSocket} is the most`, 'set TMPDIR to a shorter folder')]
  const found = lookAt(folder)
  if (found === null) return [fine(check, `${folder} is made by the daemon (${longest} bytes at most)`)]
  if (!found.isDirectory() || (found.uid !== process.getuid?.() && !host.isRoot)) return [wrong(check, `${folder} is not a folder of yours`, `remove ${folder}, or set TMPDIR to a folder of your own`)]
  if ((found.mode & 0o077) === 0) return [fine(check, `${folder}, yours alone (paths of ${longest} bytes at most)`)]
  const run = (): void => chmodSync(folder, 0o700)
  return [wrong(check, `${folder} is open to other users: they could talk to the daemon`, `chmod 700 ${folder}`, { what: `close ${folder} to other users`, run })]
}

export function launchFiles({ paths, now }: Setting): Finding[] {
  if (paths === null || lookAt(paths.specs) === null) return []
  const stale = list(paths.specs).map((name) => join(paths.specs, name)).filter((file) => now - (lookAt(file)?.mtimeMs ?? now) > specAge)
  if (stale[0] === undefined) return [fine('launch files', 'none is left over')]
  const run = (): void => stale.forEach((file) => rmSync(file, { force: true }))
  return [wrong('launch files', `${stale.length} left over by launches that were cut short; each holds a token`, `rm ${paths.specs}/*`, { what: `remove ${stale.length} launch files`, run })]
}

/** What a killed daemon leaves, and its successor replaces. tmux leaves its own after every end, which says nothing. */
export async function staleSockets({ paths }: Setting): Promise<Finding[]> {
  if (paths === null) return []
  const file = paths.operatorSocket
  if (lookAt(file)?.isSocket() !== true || (await answers(file))) return [fine('sockets', 'none is left over')]
  const run = (): void => rmSync(file, { force: true })
  return [wrong('sockets', `nobody listens at ${file}: the daemon was killed`, `rm ${file}, or any command that starts the daemon`, { what: `remove ${file}`, run })]
}

/** Does anybody listen? What refuses us for another reason counts as there. */
export function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket)
    probe.setTimeout(5_000, () => (probe.destroy(), resolve(true)))
    probe.once('connect', () => (probe.destroy(), resolve(true)))
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED'))
  })
}

export function lookAt(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // not made yet, or closed to us: the folder's own mode is what is told
  }
}
