import type { Output as Answer } from '../../api/index.ts'
import type { Cli } from '../cli.ts'
import type { Output } from '../output.ts'
import { escapeLine } from '../text.ts'

type Row = Answer<'gateway.list'>[number]

export async function list(cli: Cli): Promise<void> {
  const rows = await cli.call('gateway.list', {}, 'asking the daemon')
  cli.out.show(rows, () => print(cli.out, rows))
}

export async function status(cli: Cli): Promise<number> {
  const rows = await cli.call('gateway.check', {}, 'asking the platforms')
  cli.out.show(rows, () => {
    print(cli.out, rows)
    for (const { gateway, warnings, chats } of rows) {
      for (const warning of warnings) cli.out.warn(`${gateway}: ${warning}`)
      if (chats === 0) cli.out.warn(`${gateway}: no chat is authorised, so nobody can use it`)
    }
  })
  return rows.every(({ ok }) => ok) ? 0 : 1
}

function print(out: Output, rows: Row[]): void {
  if (rows.length === 0) return out.line('(no gateways)')
  out.table(
    [{ head: 'GATEWAY', least: 12 }, { head: 'MANAGER', least: 8, optional: true }, { head: 'STATE' }, { head: 'NAME', least: 6, optional: true }, { head: 'CHATS', align: 'right' }, { head: 'QUEUED', align: 'right' }, { head: 'POSITION', align: 'right', optional: true }],
    rows.map((row) => [
      row.gateway,
      row.manager ?? '',
      { text: row.state, paint: row.state === 'on' ? out.color.green : row.state === 'failing' ? out.color.red : out.color.dim },
      row.name ?? '',
      String(row.chats),
      String(row.queued),
      row.position === null ? '' : String(row.position),
    ]),
  )
  for (const { gateway, why, hint } of rows) {
    if (why !== null) out.line(`${escapeLine(gateway)}: ${escapeLine(why)}${hint === null ? '' : `. Try: ${escapeLine(hint)}`}`)
  }
}
