import { release } from 'node:os'
import { load } from '../../config/load.ts'
import type { Paths } from '../../config/paths.ts'
import { teamView } from '../../config/view.ts'
import { programVersion, protocolVersion } from '../../api/wire.ts'
import { run } from '../../util/spawn.ts'
import type { TarEntry } from '../../util/tar.ts'
import type { Cli } from '../cli.ts'
import { findings, row } from '../commands/doctor.ts'
import type { Setting } from '../doctor/finding.ts'
import { readEnd } from '../file-tail.ts'
import { known } from '../team-files.ts'
import { readableLines } from '../terminal-log.ts'
import { escapeText, toJson } from '../text.ts'

const logBytes = 256 * 1024
const terminalLines = 200
const journalLines = 1_000

type Entry = TarEntry & { content: string }

/** Everything that goes into a bundle, secrets still in it. What cannot be had says why, in its place. */
export async function contents(cli: Cli, setting: Setting): Promise<Entry[]> {
  const machine = await Promise.all([
    entry('versions.json', async () => json(versions())),
    entry('doctor.json', async () => json((await findings(cli)).map(row))),
  ])
  const { paths } = setting
  if (paths === null) return machine
  const files = [entry('config.json', async () => configOf(paths)), entry('daemon.log', async () => escapeText((await readEnd(paths.daemonLog, logBytes)).text)), entry('tmux.txt', async () => await terminals(setting, paths))]
  return [...machine, ...(await Promise.all(files)), ...(setting.daemon === null ? [] : await asked(cli, setting))]
}

/** What only the daemon knows. */
async function asked(cli: Cli, { daemon, team }: Setting): Promise<Entry[]> {
  const found = await Promise.all([
    entry('daemon.json', async () => json(daemon)),
    entry('ps.json', async () => json(await cli.call('ps', {}))),
    entry('journal.jsonl', async () => (await cli.call('audit.log', { limit: journalLines })).map((line) => `${JSON.stringify(line)}\n`).join('')),
    entry('audit.json', async () => json(await cli.call('audit.verify', {}))),
  ])
  const addresses = team === null ? [] : team.projects.flatMap((project) => project.agents.map((agent) => agent.address))
  for (const [n, address] of addresses.entries()) {
    const name = `${n + 1}-${address.replaceAll(/[^\w.-]/g, '_').slice(0, 60)}`
    found.push(await entry(`agents/${name}.json`, async () => json({ inspect: await cli.call('inspect', { agent: address }), explain: await cli.call('explain.agent', { agent: address, events: 100 }) })))
    found.push(await entry(`terminals/${name}.txt`, async () => await terminal(cli, address)))
  }
  return found
}

async function terminal(cli: Cli, address: string): Promise<string> {
  const [log] = await cli.call('logs', { agents: [address], screen: true })
  if (log === undefined) return ''
  const lines = readableLines((await readEnd(log.file, logBytes)).text).slice(-terminalLines)
  return escapeText(`${lines.join('\n')}\n── screen ──\n${log.screen?.trimEnd() ?? 'none'}\n`)
}

async function terminals({ host }: Setting, paths: Paths): Promise<string> {
  const format = '#{session_name} #{pane_id} pid=#{pane_pid} dead=#{pane_dead} #{pane_width}x#{pane_height}'
  const { code, stdout, stderr } = await run(['tmux', '-S', paths.tmuxSocket, 'list-panes', '-a', '-F', format], { env: host.env, timeoutMs: 10_000 })
  return escapeText(code === 0 ? stdout : stderr)
}

function configOf(paths: Paths): string {
  const { team, diagnostics } = load(paths.root, known)
  return json({ root: paths.root, diagnostics, team: team === null ? null : masked(teamView(team)) })
}

/** Values that are given to programs in the files themselves. */
function masked(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => masked(each))
  if (typeof value !== 'object' || value === null) return value
  if (key === 'env') return Object.fromEntries(Object.keys(value).map((name) => [name, '[secret]']))
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, masked(inner, name)]))
}

function versions(): Record<string, unknown> {
  const { platform, arch, versions: found, execPath } = process
  return { troupe: programVersion, protocol: protocolVersion, node: found.node, sqlite: found.sqlite ?? null, program: execPath, platform, arch, system: release() }
}

async function entry(name: string, make: () => Promise<string>): Promise<Entry> {
  try {
    return { name, content: await make() }
  } catch (error) {
    return { name, content: `could not be had: ${error instanceof Error ? error.message : String(error)}\n` }
  }
}

function json(value: unknown): string {
  return `${toJson(value)}\n`
}
