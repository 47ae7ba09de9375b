import type { AgentRow } from '../../api/team.ts'
import { TroupeError } from '../../core/error.ts'
import { run } from '../../util/spawn.ts'

/** One tile: an agent, and the command that shows its terminal, read-only. */
export interface Tile {
  agent: string
  argv: string[]
}

/** Where the dashboard is: the terminal server of the team, and a session of its own on it. */
export interface Dashboard {
  /** argv that begins every command to that server. */
  server: string[]
  session: string
  tiles: Tile[]
}

/** Longest a terminal server may take for one command, ms. */
const answerWithin = 20_000
/** Of the window while nobody looks at it: room for every tile. */
const size = ['-x', '320', '-y', '160']

/** Every agent that has a terminal now. Throws `failed` where there is none. */
export function dashboardOf(rows: readonly AgentRow[]): Dashboard {
  const tiles = rows.flatMap(({ agent, attach }) => (attach === undefined ? [] : [{ agent, argv: attach }]))
  const [first] = tiles
  if (first === undefined) throw new TroupeError('failed', 'no agent has a terminal to show', { hint: 'troupe up, or troupe start AGENT' })
  const project = (first.agent.split(':')[0] ?? '').replaceAll(/[^A-Za-z0-9_-]/g, '_')
  return { server: first.argv.slice(0, first.argv.indexOf('attach')), session: `_troupe-multi-${project}`, tiles }
}

/**
 * Shows each agent in a tile of a session that is nobody else's, by a second client that only looks: the agents' own
 * terminals keep their places and their sizes. Called again it adds who came since.
 */
export async function arrange({ server, session, tiles }: Dashboard): Promise<void> {
  const there = await run([...server, 'has-session', '-t', `=${session}`], { timeoutMs: answerWithin })
  const shown = there.code === 0 ? await shownIn(server, session) : []
  const fresh = tiles.filter(({ agent }) => !shown.includes(agent))
  await holdSizes(server, session, tiles)
  const [first, ...others] = there.code === 0 ? [undefined, ...fresh] : fresh
  if (first !== undefined) {
    const pane = await ask(server, 'new-session', '-d', '-P', '-F', '#{pane_id}', '-s', session, ...size, ...command(first))
    await name(server, pane, first.agent)
    for (const [option, value] of windowOptions) await ask(server, 'set-option', '-w', '-t', `=${session}:`, option, value)
  }
  for (const tile of others) {
    if (tile === undefined) continue
    const pane = await ask(server, 'split-window', '-d', '-P', '-F', '#{pane_id}', '-t', `=${session}:`, ...command(tile))
    await name(server, pane, tile.agent)
    await ask(server, 'select-layout', '-t', `=${session}:`, 'tiled')
  }
}

/** argv that shows it here. Once nobody looks at it any more, however they went, it is gone. */
export function showCommand({ server, session }: Dashboard): string[] {
  return [...server, 'attach', '-t', `=${session}`, ';', 'set-option', '-t', `=${session}:`, 'destroy-unattached', 'on']
}

/** Of the server's hooks for sessions that close: far from those that a person may have. */
const hook = 'session-closed[7000]'
/** The tiles' clients are gone by then; before, a window that is let go would take a tile's size. Seconds. */
const letGoAfter = 3

/**
 * A client that is alone would give the agent's window its own size, also one that only looks. So windows keep theirs for
 * as long as the dashboard is there; the server itself lets them go once it has closed, whatever became of its viewers.
 * A program of its own does so: what tmux puts off in the name of a client that was killed, it never does.
 */
async function holdSizes(server: string[], session: string, tiles: readonly Tile[]): Promise<void> {
  // What is written into the hook needs no quotes: a name that did would keep the size that it gets.
  const windows = tiles.map(({ argv }) => argv.at(-1) ?? '').filter((target) => /^=[\w.-]+$/.test(target)).map((target) => `${target}:`)
  for (const window of windows) await ask(server, 'set-option', '-w', '-t', window, 'window-size', 'manual')
  const letGo = windows.map((window) => `tmux set-option -wu -t ${window} window-size`).join('; ')
  const script = `sleep ${letGoAfter}; tmux has-session -t =${session} 2>/dev/null || { ${letGo}; }`
  await ask(server, 'set-hook', '-g', hook, `if-shell -F '#{==:#{hook_session_name},${session}}' { set-hook -gu ${hook} ; run-shell -b '${script}' }`)
}

const windowOptions = [
  ['remain-on-exit', 'off'],
  ['pane-border-status', 'top'],
  ['pane-border-format', ' #{@troupe_shown} '],
  ['automatic-rename', 'off'],
] as const

/** A client inside of its own server's terminal is refused unless it does not know where it is. */
function command({ argv }: Tile): string[] {
  return ['env', '-u', 'TMUX', ...argv]
}

async function name(server: string[], pane: string, agent: string): Promise<void> {
  await ask(server, 'set-option', '-p', '-t', pane, '@troupe_shown', agent)
}

async function shownIn(server: string[], session: string): Promise<string[]> {
  return (await ask(server, 'list-panes', '-s', '-t', `=${session}`, '-F', '#{@troupe_shown}')).split('\n')
}

async function ask(server: string[], ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await run([...server, ...words], { timeoutMs: answerWithin })
  if (code === 0) return stdout.trim()
  throw new TroupeError('failed', `the terminal server refused ${words[0] ?? ''}: ${stderr.trim() || 'no answer'}`, { hint: 'troupe attach AGENT shows one agent; a larger window has room for more' })
}
