import type { Cli } from '../cli.ts'
import { createEventLines, eventOf, type EventRow } from '../event-line.ts'
import type { Given } from '../given.ts'

export async function tail(cli: Cli, given: Given): Promise<void> {
  const { out } = cli
  const agent = given.text('agent')
  const since = given.duration('since')
  const asked = {
    limit: given.count('lines') ?? 200,
    ...(agent === undefined ? {} : { agent }),
    ...(since === undefined ? {} : { since: Date.now() - since }),
  }
  const recent = await cli.call('events', asked, 'asking the daemon')
  const lineOf = createEventLines(out.color)
  const print = (event: EventRow): void => out.line(out.json ? JSON.stringify(event) : lineOf(event, Date.now()))
  if (!given.flag('follow')) {
    if (recent.events.length === 0) out.say('Nothing to show.')
    return out.show(recent.events, () => recent.events.forEach(print))
  }
  // Followed, --json prints one value a line, since the whole never ends.
  recent.events.forEach(print)
  const address = agent === undefined ? null : (await cli.call('inspect', { agent })).agent
  for await (const item of cli.events(recent.cursor, cli.signal)) {
    if (item.event === 'reset') out.warn('some events before this were pruned and are not shown')
    const event = eventOf(item.data)
    if (event !== null && (address === null || event.agent === address)) print(event)
  }
}
