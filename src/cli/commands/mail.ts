import type { Output as Answer } from '../../api/index.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import type { Colors, Output } from '../output.ts'
import { named } from '../rows.ts'
import { duration } from '../text.ts'
import { show } from '../watch.ts'

type Row = Answer<'mail'>[number]

export async function mail(cli: Cli, given: Given): Promise<void> {
  const agent = given.flag('all') ? undefined : given.text('agent')
  const unread = given.flag('unread')
  const asked = { ...(agent === undefined ? {} : { agent }), limit: given.count('limit') ?? 50, unread }
  await show(cli, given, {
    fetch: async () => await cli.call('mail', asked, 'asking the daemon'),
    print(rows, now) {
      if (rows.length === 0) return cli.out.say(`No ${unread ? 'unread ' : ''}mail${agent === undefined ? '' : ` of ${agent}`}.`)
      print(cli.out, rows, now)
    },
  })
}

function print(out: Output, rows: Row[], now: number): void {
  out.table(
    [
      { head: 'ID', align: 'right' },
      { head: 'AGE', align: 'right' },
      { head: 'FROM', least: 10 },
      { head: 'TO', least: 10 },
      { head: 'STATE', least: 8 },
      { head: 'TEXT', least: 12 },
    ],
    rows.map((row) => [
      `#${row.n}`,
      duration(now - row.sentAt),
      named(row.from, row.fromName),
      named(row.to, row.toName),
      { text: stateText(row), paint: stateColor(out.color, row.state) },
      mailText(row),
    ]),
  )
}

/** What came with it is named before what it says. */
export function mailText(row: Pick<Row, 'attachments' | 'text'>): string {
  return `${(row.attachments ?? []).map(({ id }) => `[file ${id}] `).join('')}${row.text.trim()}`
}

/** `delivered (hook)`: the proof belongs to the state unless the state says it already. */
export function stateText(row: Pick<Row, 'state' | 'proof'>): string {
  return row.proof === null || row.state.includes('(') ? row.state : `${row.state} (${row.proof})`
}

export function stateColor(color: Colors, state: string): (text: string) => string {
  if (state.startsWith('acked')) return color.green
  if (state.startsWith('delivered')) return color.cyan
  if (state.startsWith('dead')) return color.red
  return color.yellow
}
