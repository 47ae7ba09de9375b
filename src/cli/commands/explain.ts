import type { Output as Answer } from '../../api/index.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import type { Page } from '../output.ts'
import { clockTime, escapeLine, escapeText, pad, width } from '../text.ts'
import { show } from '../watch.ts'
import { stateColor, stateText } from './mail.ts'

export async function explainMessage(cli: Cli, given: Given): Promise<void> {
  const id = given.required('id').replace(/^#/, '')
  await show(cli, given, {
    fetch: async () => await cli.call('explain.message', { id }, 'asking the daemon'),
    print: (message, now) => printMessage(cli.out, message, now),
  })
}

export function printMessage(out: Page, message: Answer<'explain.message'>, now: number): void {
  out.line(out.color.bold(escapeLine(`#${message.n} ${message.from} → ${message.to}`)))
  out.line(out.color.dim(`sent ${clockTime(message.sentAt, now)}, id ${escapeLine(message.id)}`))
  out.line()
  for (const line of escapeText(message.text).split('\n')) out.line(`  ${line}`)
  const { attachments = [] } = message
  if (attachments.length > 0) out.line()
  for (const { id, name, mime, bytes } of attachments) out.line(`attachment ${id}: ${escapeLine(name)} (${mime}, ${bytes} bytes)`)
  for (const delivery of message.deliveries) {
    out.line()
    out.line(`${escapeLine(delivery.to)}: ${stateColor(out.color, delivery.state)(escapeLine(stateText(delivery)))}`)
    const column = Math.max(0, ...delivery.steps.map((step) => width(escapeLine(step.by))))
    for (const step of delivery.steps) {
      out.line(`  ${out.color.dim(`${clockTime(step.at, now)}  ${pad(escapeLine(step.by), column)}`)}  ${escapeLine(step.what)}`)
    }
  }
}
