import picocolors from 'picocolors'
import type { AgentRow } from '../../api/index.ts'
import { phaseColor } from '../rows.ts'
import { mailText, stateColor } from '../commands/mail.ts'
import { table, type Cell, type Column } from '../table.ts'
import { duration } from '../text.ts'
import { bold, columnsOf, dim, fit, line, reversed, span, wrap, type Line } from './cells.ts'
import { chosenAgent, chosenMail, isTrouble, nameOf, shownAgents, shownMail } from './chosen.ts'
import { framed, paneNames, windowOf } from './layout.ts'
import { styledLines } from './sgr.ts'
import { tabs, type Mail, type Pane, type Size, type State } from './state.ts'

/** From so many columns on a pane has room for words. */
const roomy = { agents: 50, mail: 88 }

/** Colours are put on here and taken off where they are not wanted, when the screen is written. */
export const colors = picocolors.createColors(true)

export function pane(state: State, which: Pane, size: Size): Line[] {
  const focused = state.pane === which
  if (which === 'agents') return framed(agentsTitle(state), focused, size, (inner) => agents(state, inner))
  if (which === 'screen') return framed(screenTitle(state, size), focused, size, (inner) => screen(state, inner))
  return framed(mailTitle(state), focused, size, (inner) => mail(state, inner))
}

/** The one that is chosen is shown in reverse and marked, so that it shows without colours too. */
export function rowsOf(columns: Column[], rows: Cell[][], at: number, size: Size): Line[] {
  const [head = '', ...lines] = table([{ head: ' ' }, ...columns], rows.map((row, i) => [i === at ? '▸' : '', ...row]), size.columns, colors.dim)
  const { from, to } = windowOf(lines.length, at, size.rows - 1)
  const shown = styledLines(lines.slice(from, to).join('\n')).map((cells, i) => (from + i === at ? reversed(fit(cells, size.columns)) : cells))
  const more = lines.length > to - from ? ` ${from + 1}–${to} of ${lines.length}` : ''
  return [[...(styledLines(head)[0] ?? []), span(more, dim)], ...shown]
}

function agentsTitle(state: State): Line {
  const all = state.agents?.length ?? 0
  const shown = shownAgents(state).length
  return titled(paneNames.agents, shown === all ? String(all) : `${shown} of ${all}`, state.filter.agents)
}

function titled(name: string, many: string, filter: string): Line {
  return [span(name, bold), span(many === '' ? '' : ` ${many}`), ...(filter === '' ? [] : [span(` /${filter}`, { fg: '35', bg: '', attrs: [] })])]
}

function agents(state: State, size: Size): Line[] {
  const rows = shownAgents(state)
  if (state.agents === null) return [line(span('asking the daemon …', dim))]
  if (rows.length === 0) return wrap(line(span(state.agents.length === 0 ? 'No agents yet. In a terminal: troupe up' : 'No agent fits the filter. Esc takes it away.', dim)), size.columns)
  const chosen = chosenAgent(state)
  const at = chosen === undefined ? 0 : rows.indexOf(chosen)
  const columns: Column[] = [
    { head: 'AGENT', least: 6 },
    { head: 'STATE', least: 6 },
    { head: 'FOR', align: 'right' },
    { head: 'IN', align: 'right', optional: true },
    { head: 'USD', align: 'right', optional: true },
    ...(size.columns >= roomy.agents ? [{ head: 'NAME', least: 6, optional: true }, { head: 'DETAIL', least: 8, optional: true }] : []),
  ]
  return rowsOf(columns, rows.map((row) => agentCells(state, row)), at, size)
}

function agentCells(state: State, row: AgentRow): Cell[] {
  return [
    { text: nameOf(state, row.agent), paint: isTrouble(row) ? colors.bold : (text) => text },
    { text: `${glyphs[row.phase] ?? '·'} ${row.phase}`, paint: phaseColor(colors, row) },
    row.detail === 'never started' ? '-' : duration(state.now - row.since),
    row.inbox === 0 ? '' : String(row.inbox),
    Object.values(state.usd).some((usd) => usd !== '—') ? (state.usd[row.agent] ?? '') : '',
    row.displayName ?? '',
    row.detail,
  ]
}

const glyphs: Record<string, string> = { idle: '○', busy: '●', waiting: '▲', starting: '◌', stopping: '◌', stopped: '■', backoff: '✗', quarantined: '✗', blocked: '✗', parked: '▲' }

function screenTitle(state: State, { columns }: Size): Line {
  const row = chosenAgent(state)
  const name = row === undefined ? '' : nameOf(state, row.agent)
  const wider = row !== undefined && state.screen?.agent === row.agent && screenLines(state).some((cells) => columnsOf(cells) > columns)
  const notes = [...(state.lifted > 0 ? [`${state.lifted} lines up`] : []), ...(wider ? ['cut at the right; l shows all'] : [])]
  return [span(name === '' ? paneNames.screen : name, bold), span(notes.length === 0 ? '' : ` ${notes.join(', ')}`, dim)]
}

function screenLines(state: State): Line[] {
  return styledLines((state.screen?.text ?? '').trimEnd())
}

/** What the agent is at and why, then the end of its terminal. */
function screen(state: State, size: Size): Line[] {
  const row = chosenAgent(state)
  if (row === undefined) return []
  const words = `${row.phase}${row.detail === '' ? '' : ` (${row.detail})`} for ${duration(state.now - row.since)}`
  const head = (styledLines(phaseColor(colors, row)(span(words).text))).flatMap((cells) => wrap(cells, size.columns)).slice(0, 3)
  const room = Math.max(1, size.rows - head.length)
  const { screen: seen } = state
  if (seen === null || seen.agent !== row.agent) return [...head, line(span('…', dim))]
  if (seen.text === null) return [...head, ...wrap(line(span(seen.why === '' ? 'It has no terminal now. s starts it.' : seen.why, dim)), size.columns)]
  const lines = screenLines(state)
  const to = Math.max(Math.min(room, lines.length), lines.length - state.lifted)
  return [...head, ...lines.slice(Math.max(0, to - room), to)]
}

function mailTitle(state: State): Line {
  const names = { inbox: 'Inbox', channel: 'Channel', wire: 'Wire' }
  const shown = tabs.flatMap((tab) => [span(tab === state.tab ? `[${names[tab]}]` : ` ${names[tab]} `, tab === state.tab ? bold : dim)])
  return [...shown, ...titled('', '', state.filter.mail)]
}

function mail(state: State, size: Size): Line[] {
  const rows = shownMail(state)
  const agent = chosenAgent(state)
  if (rows.length === 0) return wrap(line(span(noMail(state, agent === undefined ? 'it' : nameOf(state, agent.agent)), dim)), size.columns)
  const chosen = chosenMail(state)
  const words = size.columns >= roomy.mail
  const columns: Column[] = [
    { head: '#', align: 'right' },
    { head: 'AGE', align: 'right' },
    { head: 'FROM', least: 4 },
    { head: 'TO', least: 4 },
    { head: words ? 'STATE' : ' ', least: words ? 8 : 1 },
    { head: 'TEXT', least: 10 },
  ]
  return rowsOf(columns, rows.map((row) => mailCells(state, row, words)), chosen === undefined ? 0 : rows.indexOf(chosen), size)
}

function noMail(state: State, agent: string): string {
  if (state.filter.mail !== '') return 'No message fits the filter. Esc takes it away.'
  if (state.tab === 'wire') return 'No mail yet. @ writes to the agent, ! to a channel.'
  return state.tab === 'channel' ? 'Nothing was said on a channel yet. ! writes to one.' : `No mail to or from ${agent} yet. @ writes to it.`
}

function mailCells(state: State, row: Mail, words: boolean): Cell[] {
  return [
    String(row.n),
    duration(state.now - row.sentAt),
    nameOf(state, row.from),
    nameOf(state, row.to),
    { text: words ? row.state : mark(row.state), paint: stateColor(colors, row.state) },
    mailText(row),
  ]
}

/** One column: on its way, in its context, dealt with, lost. */
function mark(state: string): string {
  return state.startsWith('acked') ? '✓' : state.startsWith('delivered') ? '→' : state.startsWith('dead') ? '✗' : '·'
}
