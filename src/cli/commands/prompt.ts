import type { AgentRow } from '../../api/team.ts'
import { TroupeError } from '../../core/error.ts'
import { howFar, leadOf } from '../adhoc/lead.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
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

function adviceOn(lead: AgentRow, state: string, n: number): string {
  if (!state.startsWith('queued')) return 'Try: troupe status, troupe attach lead'
  if (lead.incarnation === null || lead.phase === 'stopped') return `The lead is not running: it gets this when it is. Try: troupe up`
  return `The lead is ${lead.phase}: it gets this as soon as it can take it. Try: troupe explain message ${n}`
}
