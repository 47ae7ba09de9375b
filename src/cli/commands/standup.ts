import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { teamPaths } from '../../config/paths.ts'
import { TroupeError } from '../../core/error.ts'
import { writeAtomic } from '../../util/atomic-write.ts'
import { contentOf } from '../../util/open-regular.ts'
import { arrived, leadOf } from '../adhoc/lead.ts'
import type { Cli } from '../cli.ts'
import { eventOf } from '../event-line.ts'
import type { Given } from '../given.ts'
import { pause } from '../pause.ts'
import { escapeText } from '../text.ts'

const defaultTimeoutMs = 180_000
const settledMs = 2_000
/** Of a report. */
const mostBytes = 4 * 1024 * 1024
/** Lines of the lead's terminal that stand in for a report. */
const lastLines = 60

type Outcome = { source: 'file' | 'words'; report: string } | { source: 'none'; why: string }

/** Asks the lead how far everybody is, and waits for the report that it writes, or for the end of its turn without one. */
export async function standup(cli: Cli, given: Given): Promise<number> {
  const { out } = cli
  const lead = leadOf(await cli.call('ps', {}, 'asking the daemon'))
  if (lead.incarnation === null) throw new TroupeError('failed', `the lead ${lead.agent} is not running`, { hint: 'troupe up, or troupe status for how far the tasks are' })
  const { cwd } = await cli.call('inspect', { agent: lead.agent })
  // Where it works, because that is where it may write without anybody's leave.
  const draft = join(cwd, `.standup-${randomUUID().slice(0, 8)}.md`)
  const { cursor } = await cli.call('events', { limit: 1 })
  const sent = await cli.call('send', { to: lead.agent, text: question(lead.project, draft), priority: 'normal' }, 'asking the lead')
  const done = out.progress(`waiting for ${lead.agent}`)
  try {
    const outcome = await reported(cli, { id: sent.id, agent: lead.agent, draft, cursor, ms: given.duration('timeout') ?? defaultTimeoutMs }).finally(done)
    return await tell(cli, sent.n, outcome)
  } finally {
    rmSync(draft, { force: true })
  }
}

function question(team: string, file: string): string {
  return `Standup: how far is everybody? Look it up with the tool \`workers\` (and \`task_result\` where a task has ended), then write the report
to the file ${file}, as Markdown:

# Standup — ${team}

## NAME — done | running | waiting | failed
**Task** what it was to do
**Result** what came of it so far
**Next** what is needed to go on

One section for each worker, and one for yourself where you did something. If you may not write the file, say the report as your answer.
Do not start anything new for this.`
}

interface Waiting {
  id: string
  agent: string
  draft: string
  cursor: string
  ms: number
}

/** Woken by the journal. The turn that took the question is over when the lead rests after it was delivered. */
async function reported(cli: Cli, { id, agent, draft, cursor, ms }: Waiting): Promise<Outcome> {
  const stop = new AbortController()
  const until = AbortSignal.any([stop.signal, cli.signal])
  void pause(ms, until).then(() => stop.abort())
  let delivered = false
  try {
    for await (const item of cli.events(cursor, until)) {
      const event = eventOf(item.data)
      if (event === null || (event.agent !== agent && event.subject !== id)) continue
      delivered ||= arrived(await cli.call('explain.message', { id }))
      if (!delivered) continue
      const row = leadOf(await cli.call('ps', {}))
      const report = read(draft)
      if (row.phase === 'idle' && report !== '') return { source: 'file', report }
      if (row.phase === 'idle' && event.type === 'agent.phase' && (await rests(cli, until))) return await final(cli, agent, draft)
      if (row.incarnation === null) return { source: 'none', why: `${agent} is ${row.phase} (${row.detail})` }
    }
  } finally {
    stop.abort()
  }
  const report = read(draft)
  if (report !== '') return { source: 'file', report }
  return { source: 'none', why: cli.signal.aborted ? 'interrupted' : delivered ? `${agent} has the question, and did not come to an end with it in time` : `${agent} has not taken the question yet` }
}

/** The idle of the turn before may be told late: whoever is done rests a moment later too. */
async function rests(cli: Cli, until: AbortSignal): Promise<boolean> {
  await pause(settledMs, until)
  return leadOf(await cli.call('ps', {})).phase === 'idle'
}

async function final(cli: Cli, agent: string, draft: string): Promise<Outcome> {
  const report = read(draft)
  return report === '' ? { source: 'words', report: await words(cli, agent) } : { source: 'file', report }
}

function read(file: string): string {
  try {
    return contentOf(file, mostBytes).toString('utf8').trim()
  } catch {
    return '' // not written yet, or nothing that could be read
  }
}

async function words(cli: Cli, agent: string): Promise<string> {
  const [log] = await cli.call('logs', { agents: [agent], screen: true })
  const lines = (log?.screen ?? '').split('\n').map((line) => line.trimEnd()).filter((line) => line !== '')
  return lines.slice(-lastLines).join('\n')
}

/** The report stays in the files of the team. */
async function tell(cli: Cli, n: number, outcome: Outcome): Promise<number> {
  const { out } = cli
  if (outcome.source === 'none') {
    throw new TroupeError('timeout', `there is no report: ${outcome.why}`, { hint: `troupe explain message ${n}, troupe status, or a longer --timeout`, facts: { message: n } })
  }
  const file = join(teamPaths(await cli.root()).state, 'standups', `${new Date().toISOString().replaceAll(/[:.]/g, '-')}.md`)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeAtomic(file, `${outcome.report}\n`)
  out.show({ source: outcome.source, file, report: outcome.report, message: n }, () => out.line(escapeText(outcome.report)))
  if (outcome.source === 'words') out.warn('the lead wrote no report: these are the last words of its terminal')
  out.say(file)
  return 0
}
