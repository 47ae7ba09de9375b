import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Output as Answer } from '../../api/index.ts'
import { readExpectations } from '../../config/expectations.ts'
import { TroupeError } from '../../core/error.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import type { Output } from '../output.ts'
import { count, escapeLine } from '../text.ts'

type Policy = Answer<'policy'>

export async function policy(cli: Cli, given: Given): Promise<void> {
  const found = await cli.call('policy', { files: given.flag('files') }, 'asking the daemon')
  cli.out.show(found, () => print(cli.out, found))
}

export async function test(cli: Cli, given: Given): Promise<number> {
  const { out } = cli
  const file = resolve(cli.cwd, given.required('file'))
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new TroupeError('usage', `${file} cannot be read`, { hint: 'name a YAML file with a list of expectations', cause })
  })
  const judged = await cli.call('policy.test', { expect: readExpectations(file, text), files: given.flag('files') }, 'asking the daemon')
  const wrong = judged.filter(({ ok }) => !ok)
  out.show(judged, () => {
    for (const { expect, ok, why } of judged) {
      out.line(`${ok ? out.color.green('holds') : out.color.red('fails')}  ${escapeLine(expect)}${ok ? '' : `: ${escapeLine(why)}`}`)
    }
    out.say(wrong.length === 0 ? `All of ${count(judged.length, 'expectation')} hold.` : `${wrong.length} of ${count(judged.length, 'expectation')} fail.`)
  })
  return wrong.length === 0 ? 0 : 1
}

function print(out: Output, { agents, edges, reach, channels }: Policy): void {
  const isDirect = new Set(edges.map(({ from, to }) => `${from} ${to}`))
  out.table(
    [{ head: 'FROM', least: 10 }, { head: 'DIRECTLY', least: 16 }, { head: 'OVER BRIDGES', least: 12, optional: true }, { head: 'THROUGH OTHERS', least: 14, optional: true }],
    agents.map((agent) => {
      const own = edges.filter(({ from }) => from === agent)
      const text = (bridged: boolean): string =>
        own.filter(({ ways }) => ways.every((way) => way.startsWith('bridge:')) === bridged).map(({ to, ways }) => `${short(agent, to)} (${ways.join(', ')})`).join(', ')
      const others = reach.filter(({ from, to }) => from === agent && !isDirect.has(`${from} ${to}`))
      return [agent, text(false) || 'nobody', text(true), others.map(({ to, bridged }) => `${short(agent, to)}${bridged ? ' (over a bridge)' : ''}`).join(', ')]
    }),
  )
  if (channels.length === 0) return
  out.line()
  out.table(
    [{ head: 'CHANNEL' }, { head: 'MEMBERS', align: 'right' }, { head: 'COPIES', align: 'right' }, { head: 'MAY BROADCAST', least: 12 }],
    channels.map(({ channel, members, copies, senders }) => [channel, String(members), String(copies), senders.map((sender) => sender.slice(sender.indexOf(':') + 1)).join(', ') || 'nobody']),
  )
}

function short(from: string, to: string): string {
  const project = from.slice(0, from.indexOf(':') + 1)
  return to.startsWith(project) ? to.slice(project.length) : to
}
