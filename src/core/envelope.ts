import { attachedLines } from './attachment.ts'
import { printable, quoted } from './printable.ts'
import type { Role } from './team.ts'
import type { Message, Trust } from './message.ts'
import type { Parcel, Picture } from './runtime.ts'

/** Above this a push carries the beginning only, and counts as delivered once the rest was fetched. Bytes of UTF-8. */
export const pushLimit = 16 * 1024
/** How much of a long body a push shows. Bytes of UTF-8. */
const previewLength = 2 * 1024

export interface EnvelopeFacts {
  message: Message
  /** The sender's role, null for people. */
  role: Role | null
  /** The sender's name for people, null where it has none. */
  name: string | null
  trust: Trust
  /** Random, made anew for each rendering: the body cannot close its own fence. */
  nonce: string
  /** Offered before, to this or an earlier incarnation. */
  again: boolean
  /** Of its attachments, those that are shown with it; absent: none. */
  pictures?: readonly Picture[]
}

/** Whether a push of this message is only a beginning. */
export function isPreview(text: string): boolean {
  return Buffer.byteLength(text) > pushLimit
}

/**
 * How a message is shown to an agent. The header is troupe's, the fenced part is the sender's.
 * The message's UUID is the marker that hooks and transcripts are searched for.
 */
export function render(facts: EnvelopeFacts): Parcel {
  const { message, nonce, pictures = [] } = facts
  const from = message.from === 'user' ? 'user (the operator)' : message.from
  const header = [
    `mail #${message.n}`,
    `from ${from}${facts.name === null ? '' : ` ${quoted(facts.name)}`}${facts.role === null ? '' : `, ${facts.role} of ${message.project}`}`,
    `trust ${facts.trust}`,
    `via ${wayOf(message)}`,
    ...(message.taint.length === 0 ? [] : [`tainted by ${message.taint.join(' ')}`]),
    ...(message.priority === 'normal' ? [] : [message.priority]),
    ...(message.threadId === null ? [] : [`thread ${quoted(message.threadId)}`]),
    ...outsideOf(message),
    ...(facts.again ? ['shown again: not acknowledged yet'] : []),
    `id ${message.id}`,
  ]
  const preview = isPreview(message.text)
  const body = printable(preview ? beginning(message.text, previewLength) : message.text)
  const rest = preview
    ? `This is the beginning of ${Buffer.byteLength(message.text)} bytes. Fetch all of it: inbox_read with ids [${message.n}].`
    : `When you are done with it: inbox_ack with ids [${message.n}].`
  return {
    id: message.id,
    n: message.n,
    text: `[${header.join(' · ')}]\n<<<${nonce}\n${body}\n${nonce}>>>${attachedLines(message.attachments, pictures.map(({ n }) => n))}\n${rest}`,
    marker: message.id,
    trust: facts.trust,
    priority: message.priority,
    pictures,
  }
}

/** The person is named as the person chose; the platform's id of the message is what a reaction needs. */
function outsideOf({ outside }: Message): string[] {
  if (outside === undefined) return []
  return [`by ${quoted(outside.name.slice(0, 64))} (user ${outside.user})`, `${outside.type}_msg_id ${outside.message}`]
}

/** A bridged message has the bridge as its thread. */
function wayOf({ to, trust, threadId, outside }: Message): string {
  if (outside !== undefined) return outside.type
  if (to.includes('#')) return to.slice(to.indexOf('#'))
  return trust === 'bridged' && threadId !== null && /^bridge:\d+$/.test(threadId) ? threadId : 'dm'
}

/** The message whose envelope begins this text, as its UUID; null where none does. */
export function markerOf(text: string): string | null {
  return /^\s*\[mail #\d+ · [^\n]* · id ([0-9a-f-]{36})\]\n<<</.exec(text)?.[1] ?? null
}

/**
 * The same of a text that a terminal has broken over lines or indented, and that holds the whole envelope and nothing else: its last
 * sentence is the last there is. Null where somebody wrote more.
 */
export function wholeMarkerOf(shown: string): string | null {
  return /^\[mail#\d+·.*?·id([0-9a-f-]{36})\]<<<.*inbox_(?:ack|read)withids\[\d+\]\.$/s.exec(shown.replaceAll(/\s+/g, ''))?.[1] ?? null
}

/** Cuts at a character border. */
function beginning(text: string, bytes: number): string {
  const cut = Buffer.from(text).subarray(0, bytes)
  return new TextDecoder('utf-8', { fatal: false }).decode(cut).replace(/\uFFFD+$/, '')
}
