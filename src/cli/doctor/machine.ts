import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { diskTrouble } from '../../client/disk.ts'
import { leastNode, leastSqlite, olderThan } from '../../util/versions.ts'
import { fine, wrong, type Finding, type Setting } from './finding.ts'

/** Below this a busy team fills the disk within hours. Bytes. */
const leastSpace = 500 * 1024 * 1024
/** A daemon holds a few files for each agent and each reader of a log. */
const leastFiles = 1024
const leastProcesses = 512

export function node(): Finding[] {
  const { node: version, sqlite } = process.versions
  const fits = !olderThan(version, leastNode)
  const text = `Node ${version} at ${process.execPath}`
  return [
    fits ? fine('node', text) : wrong('node', `${text} is older than ${leastNode}`, `install Node ${leastNode} or newer from nodejs.org`),
    sqlite !== undefined && !olderThan(sqlite, leastSqlite)
      ? fine('sqlite', `SQLite ${sqlite}, inside Node`)
      : wrong('sqlite', `SQLite ${sqlite ?? '(none)'} inside this Node is older than ${leastSqlite}, which can lose data`, 'install a Node from nodejs.org, or use broker type postgres'),
  ]
}

export function space({ paths, team }: Setting): Finding[] {
  if (paths === null) return []
  const folders: [string, string][] = [['disk of the root', paths.root]]
  if (team?.broker.type === 'sqlite') folders.push(['disk of the database', dirname(team.broker.path)])
  return folders.map(([check, folder]) => {
    const free = freeIn(folder)
    if (free === null) return fine(check, `${folder} is not there yet`)
    const text = `${Math.floor(free / 1024 / 1024).toLocaleString('en-US')} MB free at ${folder}`
    if (free < leastSpace) return wrong(check, `only ${text}`, 'free some space; a full disk stops every send')
    const trouble = diskTrouble(folder)
    return trouble === null ? fine(check, text) : wrong(check, trouble.message, trouble.hint ?? '')
  })
}

function freeIn(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return null // not made yet: `up` makes it
  }
}

export function limits(): Finding[] {
  const found = userLimits()
  const look = (check: string, value: unknown, least: number, flag: string): Finding => {
    if (typeof value !== 'number') return fine(check, `${value === undefined ? 'not known here' : String(value)}`)
    return value >= least ? fine(check, `${value} at most`) : wrong(check, `${value} at most, a team wants ${least}`, `ulimit ${flag} ${least}, before troupe up`)
  }
  return [
    look('open files', found.open_files?.soft, leastFiles, '-n'),
    look('processes', found.max_user_processes?.soft, leastProcesses, '-u'),
  ]
}

type Limits = Record<string, { soft: unknown; hard: unknown } | undefined>

/** What `ulimit` would say, without a shell. Looking up the network's names can take seconds, so it is left out. */
function userLimits(): Limits {
  const report = Object.assign(process.report, { excludeNetwork: true })
  return (report.getReport() as { userLimits?: Limits }).userLimits ?? {}
}

export function locale({ host }: Setting): Finding[] {
  const name = ['LC_ALL', 'LC_CTYPE', 'LANG'].find((each) => (host.env[each] ?? '') !== '')
  const value = name === undefined ? '' : (host.env[name] ?? '')
  if (/utf-?8/i.test(value)) return [fine('locale', `${name}=${value}`)]
  return [wrong('locale', name === undefined ? 'no locale is set' : `${name}=${value} is not UTF-8`, 'export LANG=C.UTF-8: terminals of agents show other characters than theirs otherwise')]
}
