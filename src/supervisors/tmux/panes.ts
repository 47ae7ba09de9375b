import { constants } from 'node:os'
import type { Observed, ProcessSpec } from '../../core/supervisor.ts'
import { decodeValue, encodeValue } from './names.ts'
import { command, shellWord } from './quote.ts'

/** One agent's terminal, as the server tells of it. */
export interface Terminal extends Observed {
  session: string
  /** Its output goes to the log. */
  piped: boolean
  /**
   * The terminal was closed but no exit status is there: for a moment at every end (counted as alive until the
   * status comes), or because the program closed its terminal and goes on, or for good with a tmux before 3.3.
   */
  undecided: boolean
}

/** Terminal size where a launch names none: wide enough for every CLI's full layout. */
const defaultSize = { columns: 160, rows: 48 }

/** Fields that anybody else can write stand last: what they hold cannot shift the others. */
const fields = [
  'pane_id',
  'pane_pid',
  'pane_dead',
  'pane_dead_status',
  'pane_dead_signal',
  'pane_pipe',
  '@troupe_incarnation',
  '@troupe_agent',
  'session_name',
]

export function listCommand(teamRoot: string): string {
  const format = fields.map((name) => `#{${name}}`).join('|')
  return command('list-panes', '-a', '-f', `#{==:#{@troupe_root},${encodeValue(teamRoot)}}`, '-F', format)
}

export function parseTerminals(lines: readonly string[]): Terminal[] {
  return lines.map((line) => {
    const [pane = '', pid = '', dead, status = '', signal = '', pipe, incarnation = '', address = '', ...session] = line.split('|')
    const undecided = dead === '1' && status === '' && signal === ''
    const ended = { alive: false, code: status === '' ? null : Number(status), signal: signalName(signal) } as const
    return {
      undecided,
      address: decodeValue(address),
      incarnation: decodeValue(incarnation),
      pane,
      pid: Number(pid),
      state: dead === '1' && !undecided ? ended : { alive: true },
      session: session.join('|'),
      piped: pipe === '1',
    }
  })
}

/** tmux gives a number where its C library knows no names. */
function signalName(told: string): string | null {
  if (told === '') return null
  const number = Number(told)
  if (Number.isNaN(number)) return told.startsWith('SIG') ? told : `SIG${told}`
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `SIG${told}`
}

/**
 * The commands that make one terminal, sent as one: the server takes them in one go, so nothing is printed
 * unlogged, nothing dies unseen, and no half-made session stays if we are killed. Only here a session is
 * addressed by its name, exactly (`=`), since its pane has no id yet; a name that is taken fails the first command.
 */
export function launchCommands(
  spec: ProcessSpec,
  place: { session: string; hidden: string; teamRoot: string; log: string; argv: readonly string[] },
): string[] {
  const target = `=${place.session}:`
  const { columns, rows } = spec.size ?? defaultSize
  const [project = '', agent = ''] = spec.address.split(':')
  const ofSession = (name: string, value: string) => command('set-option', '-t', target, name, value)
  const ofWindow = (name: string, value: string) => command('set-option', '-w', '-t', target, name, value)
  const ofPane = (name: string, value: string) => command('set-option', '-p', '-t', target, name, value)
  const size = ['-x', String(columns), '-y', String(rows)]
  // No -c: tmux would expand `#(…)` in the folder's name. The launcher goes there by itself.
  const started = ['new-session', '-d', '-P', '-F', '#{pane_id} #{pane_pid}', '-s', place.session, '-n', place.session, ...size]
  return [
    command(...started, '-e', 'NODE_OPTIONS=', '--', ...place.argv),
    ofWindow('remain-on-exit', 'on'),
    ofWindow('automatic-rename', 'off'),
    ofWindow('allow-rename', 'off'),
    ofSession('destroy-unattached', 'off'),
    ofSession('@teamctl', '1'),
    ofSession('@teamctl-project', project),
    ofSession('@teamctl-agent', agent),
    ofSession('@teamctl-root', place.teamRoot),
    ofPane('@troupe_agent', encodeValue(spec.address)),
    ofPane('@troupe_incarnation', encodeValue(spec.incarnation)),
    ofPane('@troupe_root', encodeValue(place.teamRoot)),
    command('set-hook', '-p', '-t', target, 'pane-died', wakeCommand(place.hidden)),
    ...pipeCommands(target, place.log),
  ]
}

/**
 * How a death reaches us at once: commands in a hook notify nobody, but what they start in the background does,
 * and control clients are told when a window is renamed. (A subscription to an option takes up to a second.)
 */
function wakeCommand(hidden: string): string {
  return command('run-shell', '-b', '-C', command('rename-window', '-t', `=${hidden}:`, 'died'))
}

/**
 * Appends the pane's output to a file. tmux expands the command it runs (`#{}`, `%H`) but not what an option
 * holds: so the command is fixed and the path stands in an option, as one word of the shell.
 */
export function pipeCommands(target: string, log: string): string[] {
  return [
    command('set-option', '-p', '-t', target, '@troupe_log', shellWord(log)),
    command('pipe-pane', '-t', target, 'exec cat >>#{@troupe_log}'),
  ]
}
