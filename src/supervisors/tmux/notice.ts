import { visible } from '../../core/printable.ts'
import { command } from './quote.ts'

/** Columns of the status line. */
const longest = 150

/**
 * The status line of the terminal's session: it is there anyway, so nothing changes its size. The text stands in an option
 * of its own, which tmux shows without expanding it; only `#[…]` in it would still be a style. What is hidden in it is shown.
 */
export function noticeCommands(pane: string, text: string | null): string[] {
  const line = visible(text ?? '').replaceAll('#', '').replace(/\s+/g, ' ')
  const shown = { '@troupe_notice': line, 'status-right': '#{@troupe_notice}', 'status-right-length': String(longest), 'status-style': 'bg=red,fg=white' }
  return Object.entries(shown).map(([name, value]) => (text === null ? command('set-option', '-u', '-t', pane, name) : command('set-option', '-t', pane, name, value)))
}
