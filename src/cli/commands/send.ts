import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { addAbortSignal } from 'node:stream'
import { text as readAll } from 'node:stream/consumers'
import { TroupeError } from '../../core/error.ts'
import { nearest } from '../../core/nearest.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { quoteArgv } from '../quote.ts'
import { count, cut, escapeLine, thousands } from '../text.ts'

const priorities = ['urgent', 'normal', 'low'] as const

export async function send(cli: Cli, given: Given): Promise<void> {
  const { out } = cli
  const to = given.required('agent')
  const input = { to, text: await textOf(cli, given, `troupe send AGENT "TEXT", or - to read stdin; to the lead: troupe ${toLead([to])}`), ...optional(cli, given) }
  const sent = await cli.call('send', input, 'sending').catch((error: unknown) => {
    throw meantForTheLead(error, [to, ...given.words('text')])
  })
  out.show(sent, () => {
    for (const delivery of sent.deliveries) out.line(`#${sent.n} → ${escapeLine(delivery.to)}: ${escapeLine(delivery.state)}`)
  })
  if (out.json || out.quiet) return
  const away = await notRunning(cli, sent.deliveries.filter(({ state }) => state.startsWith('queued')).map(({ to: each }) => each))
  out.say(away.length === 0 ? `Try: troupe explain message ${sent.n}` : `Not running: ${away.map(escapeLine).join(', ')}; what was sent is kept until then. Try: troupe up`)
}

/** Who of them gets nothing before somebody starts them. Company for what was sent: where it cannot be told, it was sent all the same. */
async function notRunning(cli: Cli, agents: string[]): Promise<string[]> {
  if (agents.length === 0) return []
  const rows = await cli.call('ps', {}).catch(() => [])
  return rows.filter(({ agent, phase, incarnation }) => agents.includes(agent) && phase === 'stopped' && incarnation === null).map(({ agent }) => agent)
}

export async function broadcast(cli: Cli, given: Given): Promise<void> {
  const { out } = cli
  const channel = given.required('channel')
  const input = { to: channel.includes('#') ? channel : `#${channel}`, text: await textOf(cli, given), ...optional(cli, given) }
  const sent = await cli.call('send', input, 'sending')
  const names = sent.deliveries.map(({ to }) => to)
  const cost = sent.tokens === undefined ? '' : `, about ${thousands(sent.tokens)} tokens to read`
  out.show(sent, () => out.line(`#${sent.n} → ${escapeLine(sent.to ?? input.to)}: ${count(names.length, 'agent')} (${escapeLine(names.join(', '))})${cost}`))
}

/** Who names nobody may have meant the lead, whom the bare prompt reaches. */
function meantForTheLead(error: unknown, words: string[]): unknown {
  if (!(error instanceof TroupeError) || error.code !== 'unknown' || error.hint === undefined) return error
  return new TroupeError(error.code, error.message, { hint: `${error.hint}; to the lead: troupe ${toLead(words)}`, facts: error.facts, cause: error })
}

function toLead(words: string[]): string {
  const text = words.join(' ')
  return words.length === 1 && !/\s/.test(text) ? `prompt ${quoteArgv([text])}` : quoteArgv([cut(text, 60)])
}

function optional({ cwd }: Cli, given: Given): { key?: string; priority?: (typeof priorities)[number]; attachments?: string[] } {
  const key = given.text('key')
  const named = given.text('priority')
  const priority = priorities.find((each) => each === named)
  if (named !== undefined && priority === undefined) {
    throw new TroupeError('usage', `there is no priority "${named}"`, { hint: `--priority ${nearest(named, priorities) ?? priorities.join('|')}` })
  }
  const attachments = given.words('attach').map((file) => resolve(cwd, file))
  return { ...(attachments.length === 0 ? {} : { attachments }), ...(key === undefined ? {} : { key }), ...(priority === undefined ? {} : { priority }) }
}

/** The words, a file, or stdin; only one of them. A last line break of a file is not part of the message. */
export async function textOf(cli: Cli, given: Given, hint = 'write it after the name, or - to read stdin'): Promise<string> {
  const words = given.words('text')
  const file = given.text('file') ?? (words.length === 1 && words[0] === '-' ? '-' : undefined)
  if (file !== undefined && words.length > 0 && words[0] !== '-') {
    throw new TroupeError('usage', 'the text stands both on the command line and in --file', { hint: 'give one of them' })
  }
  const text = file === undefined ? words.join(' ') : (await read(cli, file)).replace(/\r?\n$/, '')
  if (text.trim() === '') throw new TroupeError('usage', 'there is no text to send', { hint })
  return text
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const known: Record<string, string> = { ENOENT: 'there is no such file', EISDIR: 'it is a folder', EACCES: 'it may not be read by you' }
  return known[String(code)] ?? (error instanceof Error ? error.message : String(error))
}

async function read(cli: Cli, file: string): Promise<string> {
  const { stdin, cwd, signal } = cli
  // A pipe is read once only: what else this may lack (a daemon, the whole program) is seen to before.
  if (file === '-' || statSync(resolve(cwd, file), { throwIfNoEntry: false })?.isFIFO() === true) await cli.hello()
  // Ctrl-C while it is being written: half a text is not sent.
  if (file === '-') return await readAll(addAbortSignal(signal, stdin()))
  try {
    return await readFile(resolve(cwd, file), 'utf8')
  } catch (cause) {
    throw new TroupeError('usage', `${file} cannot be read: ${reasonOf(cause)}`, { hint: 'name a file with the text, or - for stdin', cause })
  }
}
