import type { Input, OperationName, Output } from '../../api/index.ts'
import { resolveAgent } from '../../core/address.ts'
import { printable } from '../../core/printable.ts'
import { TroupeError } from '../../core/error.ts'
import { addresseeOf, gatewaysFor, staffOf } from '../../core/people.ts'
import { findAgent, type Agent, type GatewaySettings, type Team } from '../../core/team.ts'
import { cardLine, time } from './cards.ts'

/** What a command may use: operations in the name of the person, and the words after it. */
export interface Asked {
  rest: string
  team: Team
  settings: GatewaySettings
  operate<K extends OperationName>(name: K, input: Input<K>): Promise<Output<K>>
  /** Mail from the person to an agent; resolves with what is said of it. */
  mail(to: Agent, text: string): Promise<string>
  hold(agents: Agent[]): Promise<string[]>
  /** Those that are held by a person. */
  held(agents: Agent[]): Promise<string[]>
  /** Asks below a button; the answer is empty then. */
  confirmStop(agents: Agent[]): Promise<string>
}

interface Command {
  /** What follows it, for the help. */
  args: string
  about: string
  run(asked: Asked): Promise<string>
}

/** Every command of a chat. An answer is plain text. */
export const commands: Readonly<Record<string, Command>> = {
  status: { args: '', about: 'what the agents do', run: status },
  who: { args: '', about: 'who is in the team', run: who },
  pending: { args: '', about: 'what waits for a decision', run: pending },
  approve: { args: 'N [note]', about: 'allow one action, once', run: (asked) => decide(asked, 'approve') },
  deny: { args: 'N [note]', about: 'refuse one action', run: (asked) => decide(asked, 'deny') },
  cost: { args: '', about: 'tokens used, and their price where it is known', run: cost },
  dm: { args: 'AGENT TEXT', about: 'write to one agent', run: dm },
  pause: { args: '[AGENT]', about: 'hold the agents where they are', run: pause },
  resume: { args: '[AGENT]', about: 'let them go on', run: resume },
  stop: { args: '[AGENT]', about: 'end their processes; asks first', run: stop },
  help: { args: '', about: 'this list', run: help },
  start: { args: '', about: 'this list', run: help },
}

/** What a chat's menu offers. */
export const menu = Object.entries(commands).filter(([name]) => name !== 'start').map(([name, { args, about }]) => ({ name, about: args === '' ? about : `${about}: ${args}` }))

async function help({ team, settings }: Asked): Promise<string> {
  const to = addresseeOf(team, settings)
  const lines = Object.entries(commands).filter(([name]) => name !== 'start').map(([name, { args, about }]) => `/${name}${args === '' ? '' : ` ${args}`}: ${about}`)
  return [`Team ${printable(team.name)}. ${to === null ? 'Write to an agent with /dm.' : `What you write here goes to ${to.address}.`}`, ...lines].join('\n')
}

async function status(asked: Asked): Promise<string> {
  const staff = new Set(staffOf(asked.team, asked.settings).map(({ address }) => address))
  const rows = (await asked.operate('ps', {})).filter(({ agent }) => staff.has(agent))
  const waiting = (await mine(asked)).length
  const lines = rows.map(({ agent, phase, detail, inbox }) => `${mark(phase)} ${agent}: ${phase}${detail === '' ? '' : ` (${printable(detail)})`}${inbox === 0 ? '' : `, ${inbox} in its inbox`}`)
  return [...lines, waiting === 0 ? 'Nothing waits for you.' : `${waiting} ${waiting === 1 ? 'approval waits' : 'approvals wait'} for you: /pending`].join('\n')
}

function mark(phase: string): string {
  if (phase === 'idle' || phase === 'busy') return phase === 'busy' ? '🟢' : '⚪'
  return ['quarantined', 'blocked'].includes(phase) ? '🔴' : '🟡'
}

async function who({ team, settings }: Asked): Promise<string> {
  return staffOf(team, settings)
    .map(({ address, role, runtime, displayName, reportsTo }) => `${address}${displayName === null ? '' : ` (${printable(displayName)})`}: ${role}, ${runtime}${reportsTo === null ? '' : `, reports to ${reportsTo}`}`)
    .join('\n')
}

/** Approvals that this gateway shows: nobody decides through it what is not for its people. */
export async function mine({ team, settings, operate }: Pick<Asked, 'team' | 'settings' | 'operate'>): Promise<Output<'approval.list'>> {
  return (await operate('approval.list', {})).filter(({ agent }) => isFor(team, settings, agent))
}

export function isFor(team: Team, { id }: GatewaySettings, agent: string): boolean {
  return gatewaysFor(team, agent).some((each) => each.id === id)
}

async function pending(asked: Asked): Promise<string> {
  const rows = await mine(asked)
  if (rows.length === 0) return 'Nothing waits for you.'
  return rows.toReversed().map((row) => `${cardLine(row)} (until ${time(row.expiresAt)})\n/approve ${row.n}   /deny ${row.n}`).join('\n\n')
}

async function decide(asked: Asked, verdict: 'approve' | 'deny'): Promise<string> {
  const found = /^#?(\d{1,15})(?:\s+([\s\S]+))?$/.exec(asked.rest)
  if (found === null) return `Which one? /${verdict} N, such as /${verdict} 3. /pending lists them.`
  const id = found[1] ?? ''
  const note = found[2]
  const { agent } = await asked.operate('approval.show', { id })
  if (!isFor(asked.team, asked.settings, agent)) throw new TroupeError('denied', `approval ${id} is not for this chat`, { hint: 'its own chat, or troupe approvals, decides on it' })
  const decided = await asked.operate('approval.decide', { id, verdict, ...(note === undefined ? {} : { note }) })
  return `approval ${decided.n} ${decided.status === 'denied' ? 'denied' : 'approved'}`
}

async function cost({ team, settings, operate }: Asked): Promise<string> {
  const staff = new Set(staffOf(team, settings).map(({ address }) => address))
  const rows = (await operate('usage', {})).filter(({ agent }) => staff.has(agent))
  if (rows.length === 0) return 'No tokens were used yet.'
  return rows
    .map(({ agent, model, tokens, usd }) => `${agent} ${model}: ${tokens.input + tokens.cacheRead + tokens.cacheWrite} in, ${tokens.output} out, ${usd === null ? '— (price unknown)' : `$${usd}`}`)
    .join('\n')
}

async function dm(asked: Asked): Promise<string> {
  const found = /^(\S+)\s+([\s\S]+)$/.exec(asked.rest)
  if (found === null) return 'To whom, and what? /dm AGENT TEXT'
  return await asked.mail(oneOf(asked, found[1] ?? ''), found[2] ?? '')
}

/** An agent of those that this gateway is for. */
function oneOf({ team, settings }: Asked, name: string): Agent {
  const agent = resolveAgent(team, name, settings.manager === null ? undefined : findAgent(team, settings.manager)?.project)
  if (staffOf(team, settings).some(({ address }) => address === agent.address)) return agent
  throw new TroupeError('denied', `${agent.address} is not for this chat`, { hint: '/who lists those that are' })
}

function chosen(asked: Asked): Agent[] {
  return asked.rest === '' ? staffOf(asked.team, asked.settings) : [oneOf(asked, asked.rest)]
}

async function pause(asked: Asked): Promise<string> {
  const held = await asked.hold(chosen(asked))
  return held.length === 0 ? 'Nobody is at work.' : `Held: ${held.join(', ')}. No mail reaches them until /resume.`
}

async function resume(asked: Asked): Promise<string> {
  const agents = await asked.held(chosen(asked))
  if (agents.length === 0) return 'Nobody is held.'
  await asked.operate('start', { agents, timeoutMs: 1 })
  return `They go on: ${agents.join(', ')}.`
}

async function stop(asked: Asked): Promise<string> {
  return await asked.confirmStop(chosen(asked))
}
