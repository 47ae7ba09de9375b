import type { Cli } from '../cli.ts'
import { printApproval } from '../commands/approvals.ts'
import { printMessage } from '../commands/explain.ts'
import { printAgent } from '../commands/inspect.ts'
import { readEnd, tailBytes } from '../file-tail.ts'
import type { Page } from '../output.ts'
import { readableLines } from '../terminal-log.ts'
import { escapeText } from '../text.ts'
import { colors } from './panes.ts'
import type { Subject } from './state.ts'

/** Lines of a log that are kept for reading. */
const mostLines = 5_000

/** What a page shows: the same words as the command that prints it. */
export async function fetchPage(cli: Cli, { of, id }: Subject): Promise<string[]> {
  const now = Date.now()
  switch (of) {
    case 'agent': {
      const agent = await cli.call('inspect', { agent: id })
      return printed((page) => printAgent(page, agent, now))
    }
    case 'message': {
      const message = await cli.call('explain.message', { id })
      return printed((page) => printMessage(page, message, now))
    }
    case 'approval': {
      const approval = await cli.call('approval.show', { id })
      return printed((page) => printApproval(page, approval))
    }
    case 'log': {
      const [log] = await cli.call('logs', { agents: [id], screen: false })
      const { text } = await readEnd(log?.file ?? '', tailBytes)
      const lines = readableLines(text).slice(-mostLines).map(escapeText)
      return lines.length === 0 ? ['It wrote nothing yet.'] : lines
    }
  }
}

function printed(print: (page: Page) => void): string[] {
  const lines: string[] = []
  print({ color: colors, line: (text = '') => void lines.push(text) })
  return lines
}
