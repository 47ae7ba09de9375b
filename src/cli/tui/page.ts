import { exactLines } from '../commands/approvals.ts'
import { duration } from '../text.ts'
import { bold, columnsOf, dim, line, span, wrap, yellow, type Line } from './cells.ts'
import { chosenApproval, nameOf, shownApprovals } from './chosen.ts'
import { bindings } from './keys.ts'
import { framed, scrolledTo } from './layout.ts'
import { rowsOf } from './panes.ts'
import { styledLines } from './sgr.ts'
import type { Approval, Mode, Size, State, Subject } from './state.ts'

/** What fills the whole width: a page, the approvals, the help, a question. */

export function pageOf(state: State, size: Size): Line[] {
  const { place } = state
  if (place.name === 'approvals') return approvals(state, size)
  if (place.name !== 'page') return []
  return framed([span(titleOf(state, place.subject), bold)], true, size, (inner) => scrolledTo(pageLines(state, inner.columns), place.top, inner))
}

/** All of it, as long as it is at this width. */
export function pageLines({ place }: State, columns: number): Line[] {
  if (place.name !== 'page') return []
  return place.lines === null ? [line(span('asking the daemon …', dim))] : wrapped(place.lines, columns)
}

function wrapped(lines: string[], columns: number): Line[] {
  return styledLines(lines.join('\n')).flatMap((cells) => wrap(cells, columns))
}

function titleOf(state: State, { of, id }: Subject): string {
  const n = of === 'message' ? state.mail.find((row) => row.id === id)?.n : of === 'approval' ? state.approvals.find((row) => row.id === id)?.n : undefined
  const names = { agent: 'Agent', log: 'Log of', message: 'Message', approval: 'Approval' }
  return `${names[of]} ${n ?? id}`
}

function approvals(state: State, size: Size): Line[] {
  const rows = shownApprovals(state)
  const chosen = chosenApproval(state)
  if (chosen === undefined) return []
  const upper = Math.max(3, Math.min(rows.length + 2, Math.floor(size.rows / 2)))
  const list = framed([span('Approvals', bold), span(` ${rows.length}`)], true, { ...size, rows: upper }, (inner) => {
    const cells = rows.map((row) => [String(row.n), nameOf(state, row.agent), row.action, duration(Math.max(0, row.expiresAt - state.now)), row.summary])
    const columns = [{ head: '#', align: 'right' as const }, { head: 'AGENT', least: 5 }, { head: 'ACTION', least: 6 }, { head: 'LEFT', align: 'right' as const }, { head: 'SUMMARY', least: 8 }]
    return rowsOf(columns, cells, rows.indexOf(chosen), inner)
  })
  const below = { ...size, rows: size.rows - upper }
  return [...list, ...framed([span(`Exactly (${chosen.n})`, bold)], false, below, (inner) => scrolledTo(decidedOn(chosen, inner.columns), 0, inner))]
}

function decidedOn(approval: Approval, columns: number): Line[] {
  const said = line(span(approval.origin === 'held' ? 'held     ' : 'it says  ', dim), span(approval.summary))
  return [...wrap(said, columns), ...exactLines(approval.exact).flatMap((text) => wrap(line(span(text, yellow)), columns))]
}

/** A question, what it is about, and how to answer; it takes what room it needs below the rest. */
export function questionLines({ question }: Extract<Mode, { name: 'confirming' }>, columns: number): Line[] {
  return question.exactly.flatMap((text) => wrap(line(span(text, yellow)), columns))
}

/** Made from the table that also handles the keys. */
export function helpLines(columns: number): Line[] {
  const rows: [string, string][] = [...bindings.map(({ shown, about }): [string, string] => [shown, about]), ['Ctrl-C', 'out of a dialog; else quit']]
  const column = Math.max(...rows.map(([keys]) => columnsOf(line(keys))))
  const keys = rows.map(([shown, about]) => line(span(`  ${shown}${' '.repeat(column - columnsOf(line(shown)))}  `, bold), about))
  const writing = ['Enter sends; Alt+Enter or Ctrl-J begins a new line; Esc keeps what was written for later.']
  const signs = ['○ idle  ● busy  ▲ waits for you, or for its limit  ✗ fell over  ■ stopped', '· on its way  → delivered  ✓ done with  ✗ lost']
  const part = (title: string, lines: Line[]): Line[] => [line(span(title, bold)), ...lines, []]
  return [...part('Keys', keys), ...part('While writing', writing.map((text) => line(`  ${text}`))), ...part('Signs', signs.map((text) => line(`  ${text}`)))].flatMap((cells) => wrap(cells, columns))
}
