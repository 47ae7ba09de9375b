import { writeFile } from 'node:fs/promises'
import type { Clock } from '../../core/clock.ts'
import { TroupeError } from '../../core/error.ts'
import type { Connection } from './connection.ts'
import { command } from './quote.ts'
import { until } from './until.ts'

/**
 * Flags of paste-buffer, the best first. From 3.7 on tmux sends what it pastes through vis(3), which also rewrites
 * characters that its C library does not know; `-S` has it leave the text alone, which `harmless` has made safe.
 * Before 3.7 there is no such flag, nor a need for it.
 */
const methods = [['-p', '-S'], ['-p']] as const

export type PasteFlags = (typeof methods)[number]

/** What could get lost: spaces, quotes, a backslash, a variable, letters of two and three bytes, the picture of an escape. */
const said = ['troupe  "é"  \\$HOME', '日本 ␛[201~ end'] as const
const begun = 'ready'
/** A terminal in its first mode echoes what is pasted: a CR as a new line, an escape as `^[`. */
const whole = [begun, `^[[200~${said[0]}`, `${said[1]}^[[201~`].join('\n')
const last = / end(\^\[\[201~)?$/
/** Nobody waits for it but who pastes; usual: 30. ms */
const patience = 10_000
/** Looks, 25 ms apart, at which a screen that is not as it should be has to stay the same to count. */
const settledLooks = 20

/**
 * Tries, on a terminal of its own in our hidden session, what a paste becomes: a round trip through this very
 * server, whatever its version says of itself. Throws `incompatible` where nothing that we know comes out whole.
 */
export async function tryPastes(connection: Connection, clock: Clock, hidden: string): Promise<PasteFlags> {
  const seen: string[] = []
  for (const flags of methods) {
    const came = await trial(connection, clock, { hidden, flags })
    if (came === whole) return flags
    if (came !== null) seen.push(came)
  }
  throw new TroupeError('incompatible', `this tmux does not paste text as it is given; what came: ${JSON.stringify(seen)}`, {
    hint: 'nothing is pasted, since it would not be what was said; install another tmux (3.2 and newer are known to work) and restart the team',
  })
}

/** What the terminal shows then. null: this tmux knows no such flag. */
async function trial(connection: Connection, clock: Clock, { hidden, flags }: { hidden: string; flags: PasteFlags }): Promise<string | null> {
  // Should we die here, it goes by itself.
  const place = ['-t', `=${hidden}:`, '-n', 'paste', '--', 'sleep', '60']
  const [[made = ''] = []] = await connection.request(command('new-window', '-d', '-P', '-F', '#{pane_id} #{pane_tty}', ...place))
  const [pane = '', terminal = ''] = made.split(' ')
  const read = async (): Promise<string> => {
    const shown = await connection.read(command('capture-pane', '-p', '-J', '-t', pane))
    return shown.map((line) => line.trimEnd()).join('\n').trimEnd()
  }
  try {
    // What a program does that wants pastes marked.
    await writeFile(terminal, `\x1b[?2004h${begun}\r\n`)
    await until(clock, patience, async () => (await read()) === begun)
    if (!(await paste(connection, pane, flags))) return null
    return await settled(clock, read)
  } finally {
    if (!connection.closed) await connection.request(command('kill-pane', '-t', pane))
  }
}

/** False where this tmux knows no such flag. */
async function paste(connection: Connection, pane: string, flags: PasteFlags): Promise<boolean> {
  const buffer = `troupe-trial-${pane.slice(1)}`
  await connection.request(command('set-buffer', '-b', buffer, '--', said.join('\n')))
  try {
    await connection.request(command('paste-buffer', ...flags, '-d', '-b', buffer, '-t', pane))
    return true
  } catch (error) {
    if (connection.closed || !(error instanceof TroupeError) || error.code !== 'failed') throw error
    await connection.request(command('delete-buffer', '-b', buffer))
    return false
  }
}

async function settled(clock: Clock, read: () => Promise<string>): Promise<string> {
  let shown = ''
  let same = 0
  await until(clock, patience, async () => {
    const now = await read()
    same = now === shown ? same + 1 : 0
    shown = now
    return shown === whole || (last.test(shown) && same >= settledLooks)
  })
  return shown
}
