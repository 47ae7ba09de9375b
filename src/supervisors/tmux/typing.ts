import { randomBytes } from 'node:crypto'
import { TroupeError } from '../../core/error.ts'
import type { Typing } from '../../core/supervisor.ts'
import type { PasteFlags } from './paste-trial.ts'
import { command } from './quote.ts'

/**
 * The commands that type into a pane, sent as one. The first prints whether the pane is dead; copy mode is left,
 * since a pane in it takes no input. `flags`: how this server pastes; needed only where something is.
 */
export function typingCommands(pane: string, input: readonly Typing[], flags: PasteFlags | null): string[] {
  return [
    command('display-message', '-p', '-t', pane, '#{pane_dead}'),
    command('copy-mode', '-q', '-t', pane),
    ...input.flatMap((step) => stepCommands(pane, step, flags)),
  ]
}

function stepCommands(pane: string, step: Typing, flags: PasteFlags | null): string[] {
  if ('keys' in step) return step.keys.map((key) => command('send-keys', '-t', pane, '--', known(key)))
  if ('text' in step) return pieces(step.text).map((piece) => command('send-keys', '-l', '-t', pane, '--', piece))
  const buffer = `troupe-${randomBytes(6).toString('hex')}`
  const filled = pieces(harmless(step.paste)).map((piece, n) => command('set-buffer', ...(n === 0 ? [] : ['-a']), '-b', buffer, '--', piece))
  if (filled.length === 0) return []
  return [...filled, pasteCommand(pane, buffer, flags ?? ['-p'])]
}

/**
 * A paste into a pane that has ended takes the whole server with it (tmux 3.3a), and with it every agent: so tmux
 * itself looks in the moment that it pastes.
 */
function pasteCommand(pane: string, buffer: string, flags: PasteFlags): string {
  const paste = command('paste-buffer', ...flags, '-d', '-b', buffer, '-t', pane)
  return command('if-shell', '-F', '-t', pane, '#{pane_dead}', command('delete-buffer', '-b', buffer), paste)
}

/**
 * What may be pasted: text, tabs and line ends. An escape sequence in it could end the paste early and go on as
 * keystrokes, so control characters are shown as their pictures (`␛`). tmux before 3.7 leaves that to its
 * callers, later ones change it in their own way; this way it is the same everywhere.
 */
export function harmless(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[\x00-\x08\x0b-\x1f]/g, (character) => String.fromCharCode(0x2400 + character.charCodeAt(0)))
    .replace(/\x7f/g, '␡')
    .replace(/[\x80-\x9f]/g, '�')
    .toWellFormed()
}

/** Well below any buffer on the way; never within a character. */
const pieceLength = 8_192

function pieces(text: string): string[] {
  const found: string[] = []
  for (let at = 0; at < text.length; ) {
    const end = at + pieceLength
    const splits = end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))
    found.push(text.slice(at, splits ? end - 1 : end))
    at = splits ? end - 1 : end
  }
  return found
}

const named =
  /^([CMS]-)*(Enter|Escape|Tab|BTab|Space|BSpace|Up|Down|Left|Right|Home|End|PageUp|PageDown|PPage|NPage|IC|DC|Insert|Delete|F\d{1,2}|[\x21-\x7e])$/

/** tmux types the name of a key that it does not know as text: refused instead. */
function known(key: string): string {
  if (!named.test(key)) {
    throw new TroupeError('usage', `there is no key ${JSON.stringify(key)}`, { hint: 'name keys as tmux does: Enter, Escape, C-c, M-x, Up, F5' })
  }
  return key
}
