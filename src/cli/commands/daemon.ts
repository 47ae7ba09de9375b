import { programVersion, protocolVersion } from '../../api/wire.ts'
import { teamPaths } from '../../config/paths.ts'
import { TroupeError } from '../../core/error.ts'
import type { Cli } from '../cli.ts'
import { follow, readEnd, tailBytes } from '../file-tail.ts'
import type { Given } from '../given.ts'
import { listens } from '../listens.ts'
import { pause } from '../pause.ts'
import { pairs } from '../table.ts'
import { olderThan } from '../../util/versions.ts'
import { clockTime, duration, escapeLine } from '../text.ts'

export async function status(cli: Cli): Promise<void> {
  if (!(await cli.running())) {
    throw new TroupeError('unavailable', `no daemon is running for ${await cli.root()}`, { hint: 'troupe daemon start, or troupe up' })
  }
  await show(cli)
}

export async function start(cli: Cli): Promise<void> {
  const before = await cli.running()
  await show(cli)
  if (before) cli.out.say('It was running already.')
}

export async function stop(cli: Cli): Promise<void> {
  if (!(await cli.running())) {
    if ((await listens(teamPaths(await cli.root()).operatorSocket)) === 'mute') throw new TroupeError('unavailable', 'a daemon runs, and does not answer: it was not stopped', { hint: 'again when the machine is less busy; troupe daemon logs says what it did last, and which process it is' })
    return cli.out.show({ pid: null }, () => cli.out.say('No daemon is running.'))
  }
  const stopped = await cli.call('daemon.stop', {}, 'stopping the daemon')
  await cli.ended()
  cli.out.show(stopped, () => cli.out.say(`The daemon (process ${stopped.pid}) has stopped; agents go on.`))
}

/** A daemon of this release in the place of the one that runs. */
export async function restart(cli: Cli): Promise<void> {
  const valuesKept = await cli.handOver()
  await show(cli)
  if (!valuesKept) cli.out.say('The old daemon could not pass on the environment of the last up: agents that start now get that of this shell.')
}

/** What this program is, and what runs; starts nothing. */
export async function version(cli: Cli): Promise<void> {
  const daemon = await answering(cli)
  const { node } = process.versions
  const found = { version: programVersion, protocol: protocolVersion, node, daemon }
  cli.out.show(found, () => {
    const rows: [string, string][] = [
      ['troupe', `${programVersion}, protocol ${protocolVersion}`],
      ['node', node],
      ['daemon', daemon === null ? 'none runs here' : `${daemon.version}, protocol ${daemon.protocol}, process ${daemon.pid}`],
    ]
    pairs(rows, cli.out.color.dim).forEach((line) => cli.out.line(line))
    if (daemon !== null) adviseRestart(cli, daemon.version)
  })
}

/** Null outside a team, and where no daemon answers; one that speaks another protocol tells as much. */
async function answering(cli: Cli): Promise<{ version: string; protocol: number; pid: number } | null> {
  try {
    if (!(await cli.running())) return null
    const { version: its, protocol, pid } = await cli.hello()
    return { version: its, protocol, pid }
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    const { version: its, daemon: protocol, pid } = error.facts
    if (error.code === 'incompatible') return { version: String(its), protocol: Number(protocol), pid: Number(pid) }
    if (cli.rootGiven) throw error
    return null
  }
}

function adviseRestart({ out }: Cli, daemon: string): void {
  if (olderThan(daemon, programVersion)) out.say(`The daemon is older than this troupe. Try: troupe daemon restart (agents go on)`)
  if (olderThan(programVersion, daemon)) out.say(`The daemon is newer than this troupe. Try: use troupe ${daemon}`)
}

/** The bare token, for `$(troupe daemon token)`. */
export async function token({ out, call }: Cli): Promise<void> {
  const found = await call('daemon.token', {}, 'starting the daemon')
  out.show(found, () => out.line(found.token))
}

/** A daemon that has just started has its keeper a moment later. ms */
const keeperMs = 2_000

async function show(cli: Cli): Promise<void> {
  const { out, call } = cli
  const until = Date.now() + keeperMs
  let found = await call('daemon.status', {}, 'starting the daemon')
  while (found.keeper === null && Date.now() < until && Date.now() - found.since < keeperMs) {
    await pause(50, cli.signal)
    found = await call('daemon.status', {})
  }
  const program = { version: programVersion, protocol: protocolVersion }
  out.show({ ...found, program }, () => {
    const rows: [string, string][] = [
      ['process', String(found.pid)],
      ['root', found.root],
      ['running for', duration(Date.now() - found.since)],
      ['address', found.address],
      ['version', `${found.version}, protocol ${found.protocol}; this program ${programVersion}, protocol ${protocolVersion}`],
      ['keeper', found.keeper === null ? 'none' : `process ${found.keeper}`],
      ['agents', String(found.agents)],
      ['store', found.store],
    ]
    pairs(rows, out.color.dim).forEach((line) => out.line(line))
    adviseRestart(cli, found.version)
  })
}

/** Reads the file itself, since the daemon's log is asked for when the daemon is not well. */
export async function logs(cli: Cli, given: Given): Promise<void> {
  const { out } = cli
  const file = teamPaths(await cli.root()).daemonLog
  const { text, end } = await readEnd(file, tailBytes)
  const lines = text.split('\n').filter((line) => line !== '').slice(-(given.count('lines') ?? 200))
  if (out.json && !given.flag('follow')) return out.show(lines.map(parsed), () => undefined)
  if (lines.length === 0) out.say(`Nothing in ${file} yet.`)
  for (const line of lines) out.line(logLine(line))
  if (!given.flag('follow')) return
  let rest = ''
  for await (const more of follow(file, end, cli.signal)) {
    const whole = (rest + more).split('\n')
    rest = whole.pop() ?? ''
    for (const line of whole) out.line(logLine(line))
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return line // what Node itself prints when it dies is not JSON
  }
}

const levels: Record<number, string> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' }
const known = new Set(['time', 'level', 'msg', 'pid', 'hostname', 'name'])

/** A pino line as `14:03:59 warn  message  key=value`. */
function logLine(line: string): string {
  const record = parsed(line)
  if (typeof record !== 'object' || record === null) return escapeLine(line)
  const { time, level, msg } = record as { time?: unknown; level?: unknown; msg?: unknown }
  const at = typeof time === 'number' ? clockTime(time, Date.now()) : String(time ?? '')
  const facts = Object.entries(record).filter(([key]) => !known.has(key))
  const rest = facts.map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ')
  return escapeLine([at, (levels[Number(level)] ?? String(level ?? '')).padEnd(5), String(msg ?? ''), rest].filter((part) => part !== '').join(' '))
}
