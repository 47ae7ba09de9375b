import { existsSync } from 'node:fs'
import type { Output as Answer } from '../../api/index.ts'
import type { Cli } from '../cli.ts'
import { follow, readEnd, tailBytes } from '../file-tail.ts'
import type { Given } from '../given.ts'
import { readableLines } from '../terminal-log.ts'
import { escapeLine, escapeText, pad, width } from '../text.ts'
import { rowsOf } from './status.ts'

type Log = Answer<'logs'>[number]
type Prefix = (line: string) => string

export async function logs(cli: Cli, given: Given): Promise<void> {
  const { out } = cli
  limited(given, []) // a wrong count is told before anything is printed
  const found = await find(cli, given.words('agents'), !given.flag('raw'))
  if (out.json) return out.show(found, () => undefined)
  if (!given.flag('follow') && found.every((log) => log.screen === null && !existsSync(log.file))) {
    return out.say(`No output yet: ${found.map((log) => log.agent).join(', ')} never ran. Try: troupe up`)
  }
  const prefixes = makePrefixes(cli, found, given.flag('follow'))
  const heads = found.length > 1 && !given.flag('follow') && !given.flag('raw') ? await makeHeads(cli) : null
  const ends = new Map<string, number>()
  for (const log of found) {
    if (heads !== null) heads(log.agent).forEach((line) => out.line(line))
    ends.set(log.file, await printLog(cli, given, log, prefixes(log.agent)))
  }
  if (!given.flag('follow')) return
  await Promise.all(found.map((log) => followLog(cli, given, log, ends.get(log.file) ?? 0, prefixes(log.agent))))
}

/** With the daemon's help, or without it from the files that are there. */
async function find(cli: Cli, agents: string[], screen: boolean): Promise<Log[]> {
  try {
    return await cli.call('logs', { agents, screen }, 'asking the daemon')
  } catch (error) {
    if (!isAway(error)) throw error
    cli.out.warn('the daemon cannot be reached: showing the files as they are')
    const { logsOf } = await import('../team-files.ts')
    return logsOf(await cli.root(), agents)
  }
}

function isAway(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['unavailable', 'timeout', 'incompatible'].includes(String(error.code))
}

/** Prints the end of the file, then the screen; returns where the file was left. */
async function printLog(cli: Cli, given: Given, log: Log, prefix: Prefix): Promise<number> {
  const raw = given.flag('raw')
  const whole = given.flag('previous') || given.flag('all')
  const old = whole ? await Promise.all(oldestFirst(log.previous).map((file) => readEnd(file, Number.MAX_SAFE_INTEGER))) : []
  const current = await readEnd(log.file, whole || raw ? Number.MAX_SAFE_INTEGER : tailBytes)
  const since = given.duration('since')
  const recent = [...old, current].filter((part) => since === undefined || part.writtenAt >= Date.now() - since)
  const text = recent.map((part) => part.text).join('')
  if (raw) cli.out.raw(text)
  else if (text === '' && log.screen === null) cli.out.line(prefix(cli.out.color.dim('(no output yet)')))
  else printLines(cli, limited(given, readableLines(text)), prefix)
  if (!raw && log.screen !== null && !given.flag('follow')) {
    cli.out.line(prefix(cli.out.color.dim('── screen now ──')))
    printLines(cli, limited(given, log.screen.trimEnd().split('\n')), prefix)
  }
  return current.end
}

/** `x.log.5` is older than `x.log.1`. */
function oldestFirst(files: string[]): string[] {
  const age = (file: string): number => Number(/\.(\d+)$/.exec(file)?.[1] ?? 0)
  return files.toSorted((a, b) => age(b) - age(a))
}

function limited(given: Given, lines: string[]): string[] {
  const most = given.count('lines') ?? given.count('tail') ?? (given.flag('previous') || given.flag('all') ? Infinity : 200)
  return lines.slice(-most)
}

async function followLog(cli: Cli, given: Given, log: Log, at: number, prefix: Prefix): Promise<void> {
  let rest = ''
  for await (const text of follow(log.file, at, cli.signal)) {
    if (given.flag('raw')) {
      cli.out.raw(text)
      continue
    }
    const end = text.lastIndexOf('\n')
    const whole = rest + text.slice(0, end + 1)
    rest = end === -1 ? rest + text : text.slice(end + 1)
    if (end !== -1) printLines(cli, readableLines(whole).filter((line) => line !== ''), prefix)
  }
}

function printLines({ out }: Cli, lines: string[], prefix: Prefix): void {
  for (const line of lines) out.line(prefix(escapeText(line)))
}

/** A line above what each agent showed: who it is, how it is, what it is at. */
async function makeHeads(cli: Cli): Promise<(agent: string) => string[]> {
  const { color } = cli.out
  // Company for the lines: without a daemon the names alone stand there.
  const rows = rowsOf(await cli.call('ps', {}).catch(() => []), Date.now())
  let first = true
  return (agent) => {
    const row = rows.find((each) => each.agent === agent)
    const about = [agent, row?.status, row?.task?.title].filter((part) => part !== undefined && part !== '').map((part) => escapeLine(part ?? ''))
    const line = `${color.dim('━━')} ${color.bold(about[0] ?? '')}${about.slice(1).map((part) => `  ${part}`).join('')} ${color.dim('━━')}`
    const lines = first ? [line] : ['', line]
    first = false
    return lines
  }
}

/** `dev  | line`, each agent in a colour of its own; nothing where there is only one agent, or each has a head of its own. */
function makePrefixes({ out }: Cli, found: Log[], mixed: boolean): (agent: string) => Prefix {
  const { color } = out
  const paints = [color.cyan, color.yellow, color.green, color.magenta, color.blue, color.red]
  const names = found.map((log) => log.agent)
  const column = Math.max(0, ...names.map(width))
  return (agent) => {
    if (found.length < 2 || !mixed) return (line) => line
    const paint = paints[names.indexOf(agent) % paints.length] ?? color.cyan
    return (line) => `${paint(`${pad(agent, column)} |`)} ${line}`
  }
}
