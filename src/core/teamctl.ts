import { channelAddress } from './address.ts'
import { bridgeThread } from './bridge.ts'
import { sha256 } from './event.ts'
import type { MessageDraft } from './message.ts'
import { findAgent, type Team } from './team.ts'

/** A row of teamctl's `messages`. Times are Unix seconds; anything may stand in a text. */
export interface OldMessage {
  id: number
  sender: string
  recipient: string
  text: string
  thread: string | null
  sentAt: number
  ackedAt: number | null
  kind: string | null
  payload: string | null
}

export interface OldBridge {
  id: number
  from: string
  to: string
  topic: string
  expiresAt: number
}

export interface OldApproval {
  id: number
  agent: string
  action: string
  summary: string
  requestedAt: number
  expiresAt: number
}

export interface OldMailbox {
  messages: OldMessage[]
  /** Not closed. */
  bridges: OldBridge[]
  /** Pending. */
  approvals: OldApproval[]
}

export type Taken = { draft: MessageDraft; recipients: string[]; acked: boolean } | { skipped: string }

/** Of a payload that is told below the text, characters. */
const longestPayload = 2_000

/** The same row has the same id whenever it is read: nothing is brought twice. In the form of a UUID, version 8. */
export function oldId(kind: 'message' | 'approval', ...facts: (string | number)[]): string {
  const hex = sha256(JSON.stringify(['teamctl', kind, ...facts]))
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Milliseconds of a time in seconds; `otherwise` for what is none, or lies ahead of it. */
export function timeOf(seconds: number, otherwise: number): number {
  const at = Math.round(seconds * 1_000)
  return Number.isSafeInteger(at) && at > 0 && at < otherwise ? at : otherwise
}

/**
 * A message as it is kept here, or why not. Nobody can prove who wrote a row of that file: people's words come as
 * `external`, agents' as a peer's. `bridges`: numbers of the bridges that were brought, by their old ones.
 */
export function takeMessage(row: OldMessage, team: Team, bridges: ReadonlyMap<number, number>, now: number): Taken {
  const from = senderOf(row.sender)
  if (from === null) return { skipped: 'a sender that is none' }
  const way = wayOf(row, team)
  if (typeof way === 'string') return { skipped: way }
  const id = oldId('message', row.id, row.sentAt, row.sender, row.recipient, row.text)
  const draft: MessageDraft = {
    id,
    from,
    to: way.to,
    project: way.project,
    text: withPayload(row),
    threadId: threadOf(row.thread, bridges),
    priority: 'normal',
    trust: from === 'user' || from === 'troupe' ? 'external' : 'peer',
    key: null,
    chain: id,
    hop: 0,
    taint: [],
    control: null,
    sentAt: timeOf(row.sentAt, now),
  }
  return { draft, recipients: way.recipients.filter((each) => each !== from), acked: row.ackedAt !== null }
}

function senderOf(sender: string): string | null {
  if (sender === 'cli' || sender === 'user:telegram') return 'user'
  if (sender === 'rl-watch') return 'troupe'
  return /^[\w.-]{1,200}:[\w.-]{1,200}$/.test(sender) ? sender : null
}

function wayOf({ recipient, sender }: OldMessage, team: Team): { to: string; project: string; recipients: string[] } | string {
  if (recipient === 'user:telegram') return { to: 'user', project: sender.split(':')[0] ?? '', recipients: [] }
  const [kind, project, name] = recipient.split(':')
  if (kind === 'channel') {
    const channel = team.projects.find(({ id }) => id === project)?.channels.find((each) => each.name === name)
    return channel === undefined ? 'a channel that the team does not have' : { to: channelAddress(channel), project: channel.project, recipients: channel.members }
  }
  const agent = findAgent(team, recipient)
  return agent === undefined ? 'an agent that the team does not have' : { to: agent.address, project: agent.project, recipients: [agent.address] }
}

/** Its numbers are not ours: the thread of a bridge that is not brought must not look like one of ours. */
function threadOf(thread: string | null, bridges: ReadonlyMap<number, number>): string | null {
  const old = /^bridge:(\d+)$/.exec(thread ?? '')?.[1]
  if (old === undefined) return thread === null ? null : thread.slice(0, 200)
  const n = bridges.get(Number(old))
  return n === undefined ? `teamctl-bridge:${old}` : bridgeThread(n)
}

function withPayload({ text, kind, payload }: OldMessage): string {
  return kind === null || kind === 'text' ? text : `${text}\n[${kind}${payload === null ? '' : `: ${payload.slice(0, longestPayload)}`}]`
}
