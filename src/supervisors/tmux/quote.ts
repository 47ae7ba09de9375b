import { TroupeError } from '../../core/error.ts'

/**
 * One argument of a tmux command as it stands in a line of control mode: whatever the text holds, tmux reads it
 * back as exactly this one argument. Everything is double-quoted; inside, tmux knows `\\ \" \$` and octal (and
 * expands a `~` even there).
 * It does NOT protect from format expansion (`#{…}`, `#(command)`), which each tmux command decides for itself:
 * hostile text only goes where tmux expands nothing (set-option, set-buffer, send-keys -l).
 */
export function quote(argument: string): string {
  if (argument.includes('\0')) throw new TroupeError('usage', 'text with a NUL byte cannot be given to a terminal')
  const escaped = argument.replace(/[\\"$]/g, '\\$&').replace(/[\x01-\x1f~\x7f]/g, octal)
  return `"${escaped}"`
}

/** One command with its arguments, as a line or a part of one. */
export function command(...words: string[]): string {
  return words.map(quote).join(' ')
}

/** One word of a POSIX shell: for the one place where tmux insists on a shell, the file that a pane's output goes to. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function octal(character: string): string {
  return `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`
}
