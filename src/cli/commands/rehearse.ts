import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { examplePath } from '../../util/programs.ts'
import { TroupeError } from '../../core/error.ts'
import type { Cli } from '../cli.ts'
import { eventOf, text, type EventRow } from '../event-line.ts'
import type { Given } from '../given.ts'
import { pause } from '../pause.ts'
import { quoteArgv } from '../quote.ts'
import { escapeLine, escapeText } from '../text.ts'
import { settled } from './lifecycle.ts'

const settleMs = 250
const opening = 'say hello to each other'

/** Brings the team up on the scripted model, says something to the lead and shows what is said until all is quiet. */
export async function rehearse(cli: Cli, given: Given): Promise<number> {
  const { out } = cli
  const timeoutMs = given.duration('timeout') ?? 120_000
  const copy = await takeRoot(cli)
  const stop = new AbortController()
  let mine = false
  try {
    const { environmentOf } = await import('../team-files.ts')
    const env = environmentOf(await cli.root(), cli)
    const result = await cli.call('up', { agents: [], env, rehearsal: scenarioOf(cli, given), timeoutMs }, 'bringing up the team').catch((error: unknown) => {
      mine = cli.asked() && !isRefusal(error)
      throw error
    })
    mine = true
    if (!result.ok) return settled(cli, result)
    for (const notice of result.notices) cli.out.warn(notice)
    const { cursor } = await cli.call('events', { limit: 1 })
    const shown = showConversation(cli, cursor, stop.signal)
    shown.catch(() => undefined) // Heard below; where it fails first, what is asked of the same daemon fails too.
    const lead = result.agents.find((row) => row.role === 'manager') ?? result.agents[0]
    if (lead === undefined) throw new TroupeError('config', 'the team has no agents to rehearse with', { hint: 'troupe validate' })
    await cli.call('send', { to: lead.agent, text: given.text('say') ?? opening })
    const quiet = await untilQuiet(cli, timeoutMs)
    stop.abort()
    const messages = await shown
    out.show({ root: await cli.root(), quiet, messages }, () => undefined)
    if (!quiet) throw new TroupeError('timeout', 'the conversation did not come to an end in time', { hint: 'troupe rehearse --keep, then troupe ps and troupe mail' })
    return 0
  } finally {
    stop.abort()
    if (mine && given.flag('keep')) await tellKept(cli, copy)
    else if (mine || (copy !== null && cli.asked())) await putAway(cli, copy)
  }
}

/** The daemon said no, so that nothing was changed and there is nothing to put away: what runs is somebody else's. */
function isRefusal(error: unknown): boolean {
  return error instanceof TroupeError && !['unavailable', 'timeout', 'internal'].includes(error.code)
}

/** The current root, or a copy of the built-in team where there is none. Returns the copy. */
async function takeRoot(cli: Cli): Promise<string | null> {
  try {
    cli.out.say(`Rehearsing the team in ${await cli.root()}.`)
    return null
  } catch (error) {
    if (cli.rootGiven || !(error instanceof TroupeError)) throw error
    const source = examplePath('hello-team')
    if (!existsSync(source)) throw new TroupeError('internal', `the built-in team is missing: ${source}`, { hint: 'install troupe again' })
    const copy = mkdtempSync(join(tmpdir(), 'troupe-rehearsal-'))
    cpSync(source, copy, { recursive: true, filter: (file) => !file.startsWith(join(source, '.team', 'state')) })
    await cli.useRoot(join(copy, '.team'))
    cli.out.say(`There is no team here: rehearsing a copy of the built-in hello-team in ${copy}.`)
    return copy
  }
}

/** A path is taken from where the person stands; a bare word is a name. */
function scenarioOf({ cwd }: Cli, given: Given): string {
  const scenario = given.text('scenario') ?? 'hello'
  return /[/\\]|\.ya?ml$/.test(scenario) ? resolve(cwd, scenario) : scenario
}

/** Prints each message once it is sent, with its text. Resolves with all of them at the signal. */
async function showConversation(cli: Cli, cursor: string, signal: AbortSignal): Promise<{ from: string; to: string; text: string }[]> {
  const said: { from: string; to: string; text: string }[] = []
  for await (const item of cli.events(cursor, AbortSignal.any([signal, cli.signal]))) {
    const event = eventOf(item.data)
    if (event?.type !== 'message.sent') continue
    const { from, to, text: words } = await cli.call('explain.message', { id: event.subject })
    said.push({ from, to, text: words })
    if (!cli.out.json) printMessage(cli, event, from, to, words)
  }
  return said
}

function printMessage({ out }: Cli, event: EventRow, from: string, to: string, words: string): void {
  out.line(`${out.color.dim(`#${text(event, 'n')}`)} ${out.color.bold(escapeLine(from))} → ${out.color.bold(escapeLine(to))}`)
  for (const line of escapeText(words.trim()).split('\n')) out.line(`   ${line}`)
}

/** True once every agent rests and has dealt with its mail, seen twice in a row; false when the time is over. */
async function untilQuiet(cli: Cli, timeoutMs: number): Promise<boolean> {
  const end = Date.now() + timeoutMs
  for (let seen = 0; seen < 2; ) {
    if (Date.now() > end || cli.signal.aborted) return false
    await pause(settleMs, cli.signal)
    const rows = await cli.call('ps', {})
    seen = rows.every((row) => row.phase === 'idle' && row.inbox === 0) ? seen + 1 : 0
  }
  return true
}

async function tellKept(cli: Cli, copy: string | null): Promise<void> {
  const troupe = copy === null && !cli.rootGiven ? 'troupe' : `troupe -C ${quoteArgv([await cli.root()])}`
  cli.out.say(`The team goes on.\nTry: ${troupe} ps; at the end: ${troupe} down`)
}

async function putAway(cli: Cli, copy: string | null): Promise<void> {
  // The daemon that this talked to may have died: the next one has the team.
  await cli.close()
  await cli.call('down', { rehearsal: copy === null }, 'ending the team')
  await cli.ended()
  if (copy !== null) rmSync(copy, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}
