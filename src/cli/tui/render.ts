import { duration } from '../text.ts'
import { alarm, bold, columnsOf, cyan, dim, fit, green, line, plain, red, span, textOf, wrap, yellow, type Line } from './cells.ts'
import { chosenApproval, nameOf } from './chosen.ts'
import { characters, type Field } from './field.ts'
import { bindings } from './keys.ts'
import { beside, framed, layoutOf, least, paneNames, scrolledTo, sized } from './layout.ts'
import { helpLines, pageOf, questionLines } from './page.ts'
import { pane } from './panes.ts'
import { panes, type Size, type State } from './state.ts'

/** The whole screen: exactly `rows` lines of exactly `columns` columns. The cursor shows only where something is typed. */
export interface Frame {
  lines: Line[]
  cursor: { row: number; column: number } | null
}

interface Panel {
  lines: Line[]
  cursor: Frame['cursor']
}

export function render(state: State): Frame {
  const { columns, rows } = state.size
  if (columns < least.columns || rows < least.rows) return { lines: sized(tooSmall(state.size), state.size), cursor: null }
  const head = [header(state), ...stripe(state)].map((cells) => fit(cells, columns))
  const room = { columns, rows: rows - head.length - 1 }
  const below = panel(state, room)
  const left = { columns, rows: room.rows - below.lines.length }
  const foot = footer(state, columns)
  const lines = [...head, ...sized(bodyOf(state, left), left), ...below.lines, fit(foot.line, columns)]
  const typed = below.cursor === null ? null : { row: head.length + left.rows + below.cursor.row, column: below.cursor.column }
  return { lines, cursor: foot.cursor === null ? typed : { row: rows - 1, column: foot.cursor } }
}

function tooSmall({ columns, rows }: Size): Line[] {
  return wrap(line(`troupe: ${columns}×${rows} is too small, ${least.columns}×${least.rows} is the least. q quits.`), Math.max(1, columns))
}

/** Who works, who waits for a person, what broke. */
function header(state: State): Line {
  const rows = state.agents ?? []
  const count = (...phases: string[]): number => rows.filter(({ phase }) => phases.includes(phase)).length
  const failed = rows.filter(({ phase, detail }) => phase === 'stopped' && detail.startsWith('failed')).length
  const parts: [number, string, Line[number]['style']][] = [
    [count('busy'), '● {} busy', cyan],
    [count('idle'), '○ {} idle', green],
    [count('waiting', 'parked'), state.size.columns < 60 ? '▲ {}' : '▲ {} waiting', yellow],
    [count('backoff', 'quarantined', 'blocked') + failed, '✗ {} broken', red],
    [count('starting', 'stopping'), '◌ {} changing', dim],
    [count('stopped') - failed, '■ {} stopped', dim],
  ]
  return [
    span(' troupe ', { fg: '', bg: '', attrs: [1, 7] }),
    span(` ${state.title} `, bold),
    ...linkWords(state),
    ...parts.filter(([n]) => n > 0).map(([n, words, style]) => span(` ${words.replace('{}', String(n))} `, style)),
    ...(state.spent === null ? [] : [span(` ${state.spent.text} `, state.spent.state === 'stop' ? red : state.spent.state === 'warn' ? yellow : plain)]),
  ]
}

function linkWords({ link, now }: State): Line {
  if (link.name === 'live') return []
  return [link.name === 'opening' ? span(' asking the daemon ', dim) : span(` ✗ daemon away for ${duration(now - link.since)}; what you see is old `, { fg: '31', bg: '', attrs: [1, 7] })]
}

function stripe(state: State): Line[] {
  const first = chosenApproval({ ...state, chosen: { ...state.chosen, approval: null } })
  if (first === undefined) return []
  const many = state.approvals.length
  const left = duration(Math.max(0, first.expiresAt - state.now))
  const words = ` ${many === 1 ? '1 approval waits' : `${many} approvals wait`} (a): ${first.n} ${nameOf(state, first.agent)} ${first.action}, ${left} left: ${first.summary}`
  return [fit(line(span(words, alarm)), state.size.columns).map((each) => ({ ...each, style: alarm }))]
}

function bodyOf(state: State, size: Size): Line[] {
  if (state.mode.name === 'help') {
    const { top } = state.mode
    return framed([span('Help', bold)], true, size, (inner) => scrolledTo(helpLines(inner.columns), top, inner))
  }
  if (state.place.name !== 'overview') return pageOf(state, size)
  const layout = layoutOf(state)
  if (layout.name === 'three') {
    const [first, second, third] = layout.widths
    const block = (which: (typeof panes)[number], columns: number) => ({ lines: pane(state, which, { columns, rows: size.rows }), columns })
    return beside(block('agents', first), block('screen', second), block('mail', third))
  }
  if (layout.name === 'one') return [...pane(state, state.pane, { ...size, rows: size.rows - 1 }), oneAtATime(state)]
  const upper = Math.min(layout.upper, Math.max(2, size.rows - 4))
  const right = [...pane(state, 'screen', { columns: layout.right, rows: upper }), ...pane(state, 'mail', { columns: layout.right, rows: size.rows - upper })]
  return beside({ lines: pane(state, 'agents', { columns: layout.left, rows: size.rows }), columns: layout.left }, { lines: right, columns: layout.right })
}

function oneAtATime({ pane: shown, alone }: State): Line {
  return line(span(`Not shown here: ${panes.filter((each) => each !== shown).map((each) => paneNames[each]).join(', ')} (Tab${alone ? '; z shows all' : ''})`, dim))
}

/** What is asked or written, between the body and the last line. */
function panel(state: State, room: Size): Panel {
  const { mode } = state
  const { columns } = room
  if (mode.name === 'confirming') {
    const lines = questionLines(mode, columns)
    return { lines: framed([span(mode.question.title, bold)], true, { columns, rows: Math.min(lines.length + 1, room.rows) }, (inner) => scrolledTo(lines, mode.top, inner)), cursor: null }
  }
  if (mode.name === 'picking') {
    const rows = Math.min(state.channels.length + 1, room.rows)
    const lines = state.channels.map((name, i) => line(span(i === mode.at ? '▸ ' : '  '), span(name, i === mode.at ? { fg: '', bg: '', attrs: [7] } : bold)))
    return { lines: framed([span('Write to which channel?', bold)], true, { columns, rows }, (inner) => scrolledTo(lines, Math.max(0, mode.at - inner.rows + 2), inner)), cursor: null }
  }
  if (mode.name === 'composing') return editor(`To ${mode.to.kind === 'agent' ? nameOf(state, mode.to.name) : mode.to.name}`, mode.field, room)
  if (mode.name === 'denying') return editor(`Deny ${mode.approval.n}: ${mode.approval.action}. A word to ${nameOf(state, mode.approval.agent)} (may be empty)`, mode.field, room)
  if (mode.name === 'proving') return editor(`Passphrase to approve ${mode.n}`, dotted(mode.field), room)
  return { lines: [], cursor: null }
}

function dotted({ text, at }: Field): Field {
  return { text: '•'.repeat(characters(text).length), at }
}

/** The text with the cursor in it; where it is longer than the room, the part around the cursor. */
function editor(title: string, field: Field, room: Size): Panel {
  const { columns } = room
  const before = characters(field.text).slice(0, field.at).join('').split('\n').flatMap((text) => wrap(line(span(text)), columns - 1))
  const all = field.text.split('\n').flatMap((text) => wrap(line(span(text)), columns - 1))
  const rows = Math.max(2, Math.min(Math.max(all.length, 2) + 1, Math.floor(room.rows * 0.7)))
  const from = Math.max(0, before.length - (rows - 1))
  const lines = framed([span(title, bold)], true, { columns, rows }, () => all.slice(from))
  return { lines, cursor: { row: before.length - from, column: Math.min(columns - 1, columnsOf(before.at(-1) ?? [])) } }
}

function footer(state: State, columns: number): { line: Line; cursor: number | null } {
  const { mode } = state
  if (mode.name === 'filtering') return prompt('/', mode.field, columns)
  if (mode.name === 'command') {
    const shown = prompt(':', mode.field, columns)
    return { ...shown, line: [...shown.line, span(mode.offered.length === 0 ? '' : `  ${mode.offered.join('  ')}`, dim)] }
  }
  const words = hints[mode.name]
  if (words !== undefined) return { line: line(span(words, dim)), cursor: null }
  if (state.told !== null) return { line: line(span(state.told.text, state.told.bad ? red : green)), cursor: null }
  return { line: keyHints(state, columns), cursor: null }
}

const hints: Partial<Record<State['mode']['name'], string>> = {
  composing: 'Enter sends · Alt+Enter or Ctrl-J new line · Esc not now',
  proving: 'Enter approves · Esc not now',
  denying: 'Enter denies · Esc not now',
  confirming: 'y yes · n no · ↑↓ the rest of it',
  picking: 'Enter chooses · Esc not now',
  help: 'Esc back · ↑↓ the rest of it',
}

/** Where the text is longer than the line, its end. */
function prompt(sign: string, field: Field, columns: number): { line: Line; cursor: number } {
  const before = span(characters(field.text).slice(0, field.at).join(''))
  const room = columns - 2
  const used = columnsOf([before])
  const text = textOf(line(span(field.text)))
  return used <= room ? { line: line(span(sign, bold), text), cursor: 1 + used } : { line: line(span(`${sign}…`, bold), characters(before.text).slice(-(room - 1)).join('')), cursor: Math.min(columns - 1, 2 + room - 1) }
}

/** As many as fit, the first of the table first. */
function keyHints(state: State, columns: number): Line {
  const shown: Line[number][] = []
  for (const { shown: name, hint, here } of bindings) {
    if (hint === undefined || !here(state)) continue
    const next = [span(shown.length === 0 ? '' : '  '), span(name.split(' ')[0] ?? '', bold), span(` ${hint}`, dim)]
    if (columnsOf([...shown, ...next]) <= columns) shown.push(...next)
  }
  return shown
}
