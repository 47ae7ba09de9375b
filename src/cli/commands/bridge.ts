import type { Output as Answer } from '../../api/index.ts'
import { TroupeError } from '../../core/error.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import type { Output } from '../output.ts'
import { duration, escapeLine } from '../text.ts'
import { show } from '../watch.ts'

type Bridge = Answer<'bridge.open'>

export async function open(cli: Cli, given: Given): Promise<void> {
  const [from, to, topic] = ['from', 'to', 'topic'].map((name) => needed(given, name)) as [string, string, string]
  const ttl = given.count('ttl')
  const input = { from, to, topic, oneWay: given.flag('oneWay'), ...(ttl === undefined ? {} : { ttlMinutes: ttl }) }
  const bridge = await cli.call('bridge.open', input, 'opening the bridge')
  const minutes = Math.round((bridge.expiresAt - bridge.openedAt) / 60_000)
  cli.out.show(bridge, () => cli.out.line(`bridge ${bridge.n} open · ${ends(bridge)} · topic: ${escapeLine(bridge.topic)} · expires in ${minutes}m`))
}

export async function close(cli: Cli, given: Given): Promise<void> {
  const bridge = await cli.call('bridge.close', { id: given.required('id') }, 'closing the bridge')
  cli.out.show(bridge, () => cli.out.line(`bridge ${bridge.n} closed`))
}

export async function list(cli: Cli, given: Given): Promise<void> {
  await show(cli, given, {
    fetch: async () => await cli.call('bridge.list', {}, 'asking the daemon'),
    print(rows, now) {
      if (rows.length === 0) return cli.out.line('(no bridges)')
      print(cli.out, rows, now)
    },
  })
}

export async function log(cli: Cli, given: Given): Promise<void> {
  const id = given.required('id')
  await show(cli, given, {
    fetch: async () => await cli.call('bridge.log', { id }, 'asking the daemon'),
    print({ bridge, messages }) {
      if (messages.length === 0) cli.out.say(`Nothing was said over bridge ${bridge.n}.`)
      for (const { from, to, text } of messages) cli.out.line(`  ${escapeLine(from)}  →  ${escapeLine(to)}: ${escapeLine(text)}`)
    },
  })
}

function print(out: Output, rows: Bridge[], now: number): void {
  out.table(
    [{ head: 'ID', align: 'right' }, { head: 'FROM', least: 10 }, { head: '' }, { head: 'TO', least: 10 }, { head: 'STATE' }, { head: 'LEFT', align: 'right', optional: true }, { head: 'TOPIC', least: 12 }],
    rows.map((row) => [
      String(row.n),
      row.from,
      row.oneWay ? '→' : '↔',
      row.to,
      { text: row.state, paint: row.state === 'open' ? out.color.green : out.color.dim },
      row.state === 'open' ? duration(Math.max(0, row.expiresAt - now)) : '',
      row.topic,
    ]),
  )
}

function ends({ from, to, oneWay }: Bridge): string {
  return `${escapeLine(from)} ${oneWay ? '→' : '↔'} ${escapeLine(to)}`
}

function needed(given: Given, name: string): string {
  const value = given.text(name)
  if (value !== undefined && value.trim() !== '') return value
  throw new TroupeError('usage', `--${name} is missing`, { hint: 'troupe bridge open --from P:MANAGER --to Q:MANAGER --topic "…"' })
}
