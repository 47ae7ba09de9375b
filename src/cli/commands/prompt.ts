import type { AgentRow } from '../../api/team.ts'
import type { Output as Answer } from '../../api/index.ts'
import { TroupeError } from '../../core/error.ts'
import type { Cli } from '../cli.ts'
import { eventOf } from '../event-line.ts'
import type { Given } from '../given.ts'
import { pause } from '../pause.ts'
import { escapeLine } from '../text.ts'
import { textOf } from './send.ts'

/** How long an answer of the CLI is waited for before it is only said how far the message came, ms. */
const patienceMs = 10_000

/** Says something to the lead, and how far it came. The daemon alone brings it there: no shell ever reads it. */
export async function prompt(cli: Cli, given: Given): Promise<void> {
  const text = await textOf(cli, given, 'troupe "what you want done", or - to read stdin')
  await teamHere(cli, given)
  const lead = leadOf(await cli.call('ps', {}, 'asking the daemon'))
  const { cursor } = await cli.call('events', { limit: 1 })
  const sent = await cli.call('send', { to: lead.agent, text }, 'sending')
  const found = await howFar(cli, sent.id, cursor, lead.incarnation === null ? 0 : patienceMs)
  const deliveries = found.deliveries.map(({ to, state, proof }) => ({ to, state, proof }))
  cli.out.show({ id: sent.id, n: sent.n, deliveries }, () => {
    for (const { to, state, proof } of deliveries) cli.out.line(`#${sent.n} → ${escapeLine(to)}: ${escapeLine(state)}${proof === null || state.includes(proof) ? '' : ` (${proof})`}`)
  })
  cli.out.say(adviceOn(lead, deliveries[0]?.state ?? '', sent.n))
}

/** One word that is no command may be a slip after all: where there is no team to hear it, that is said too. */
async function teamHere(cli: Cli, given: Given): Promise<void> {
  try {
    await cli.root()
  } catch (error) {
    const [word, ...others] = given.words('text')
    if (!(error instanceof TroupeError) || error.code !== 'config' || word === undefined || others.length > 0 || /\s/.test(word)) throw error
    throw new TroupeError('usage', `there is no command "${word}", and no team here whose lead could be told so`, { hint: 'troupe --help, or troupe new NAME', facts: { command: word, ...error.facts }, cause: error })
  }
}

/** `lead`, else the only manager. */
export function leadOf(rows: readonly AgentRow[]): AgentRow {
  const managers = rows.filter(({ role }) => role === 'manager')
  const lead = managers.find(({ agent }) => agent.endsWith(':lead')) ?? (managers.length === 1 ? managers[0] : undefined)
  if (lead !== undefined && managers.filter(({ agent }) => agent.endsWith(':lead')).length < 2) return lead
  const names = managers.map(({ agent }) => agent)
  throw new TroupeError('usage', names.length === 0 ? 'this team has no manager to be its lead' : `this team has ${names.length} managers, and nothing says who leads`, {
    hint: `troupe send ${names[0] ?? 'AGENT'} "TEXT"`,
    facts: { managers: names },
  })
}

/** Woken by the journal: the message is looked up when something became of a delivery, until one of them has arrived. */
async function howFar(cli: Cli, id: string, cursor: string, ms: number): Promise<Answer<'explain.message'>> {
  const look = async (): Promise<Answer<'explain.message'>> => await cli.call('explain.message', { id })
  let found = await look()
  const stop = new AbortController()
  const until = AbortSignal.any([stop.signal, cli.signal])
  void pause(ms, until).then(() => stop.abort())
  try {
    if (arrived(found) || ms === 0) return found
    for await (const item of cli.events(cursor, until)) {
      if (eventOf(item.data)?.type.startsWith('delivery.') !== true) continue
      found = await look()
      if (arrived(found)) break
    }
  } finally {
    stop.abort()
  }
  return found
}

function arrived({ deliveries }: Answer<'explain.message'>): boolean {
  return deliveries.every(({ state }) => !state.startsWith('queued'))
}

function adviceOn(lead: AgentRow, state: string, n: number): string {
  if (!state.startsWith('queued')) return 'Try: troupe status, troupe attach lead'
  if (lead.incarnation === null || lead.phase === 'stopped') return `The lead is not running: it gets this when it is. Try: troupe up`
  return `The lead is ${lead.phase}: it gets this as soon as it can take it. Try: troupe explain message ${n}`
}
