import { createHash, timingSafeEqual } from 'node:crypto'
import type { Approval } from '../../core/approval.ts'
import { lookAlikes } from '../../core/look-alike.ts'
import { visible } from '../../core/printable.ts'
import type { Button, Content } from '../../core/gateway.ts'
import type { Outgoing } from '../../core/outbox.ts'

/** How much of an action a card shows, UTF-16 code units: a card stays one message. */
const mostShown = 1_500
/** Of those, for its end: what stands behind a long blank or comment is run as well. */
const mostOfEnd = 400

export type Press = { verb: 'approve' | 'deny' | 'stop'; row: string; proof: string }

const verbs = { a: 'approve', d: 'deny', s: 'stop' } as const

/**
 * What a button carries: the row it stands on, and a proof that only that row could have made, for exactly what it asks and
 * in its own chat. 61 bytes.
 */
export function pressData(verb: keyof typeof verbs, row: Pick<Outgoing, 'id' | 'nonce' | 'chat'>, about: string): string {
  return `${verb}:${row.id}:${proofOf(row, about)}`
}

export function readPress(data: string): Press | null {
  const found = /^([ads]):([0-9a-f-]{36}):([\w-]{22})$/.exec(data)
  if (found === null) return null
  return { verb: verbs[found[1] as keyof typeof verbs], row: found[2] ?? '', proof: found[3] ?? '' }
}

/** `about`: what it must be for, such as the hash of an action; it is read anew, not from the press. */
export function isProof(press: Press, row: Pick<Outgoing, 'id' | 'nonce' | 'chat'>, about: string): boolean {
  return row.nonce !== null && timingSafeEqual(Buffer.from(press.proof), Buffer.from(proofOf(row, about)))
}

function proofOf({ id, nonce, chat }: Pick<Outgoing, 'id' | 'nonce' | 'chat'>, about: string): string {
  return createHash('sha256').update(JSON.stringify([nonce, id, chat, about])).digest('base64url').slice(0, 22)
}

/** As it stands now: with buttons while it is pending, else how it ended. */
export function cardContent(approval: Approval, row: Pick<Outgoing, 'id' | 'nonce' | 'chat'>): Content {
  const buttons: Button[] =
    approval.status !== 'pending' || row.nonce === null
      ? []
      : [
          { label: '✅ Approve', data: pressData('a', row, approval.hash) },
          { label: '❌ Deny', data: pressData('d', row, approval.hash) },
        ]
  return { kind: 'text', text: cardText(approval), format: 'plain', replyTo: null, buttons }
}

export function cardText(approval: Approval): string {
  const { n, agent, action, scope, summary, exact, hash, origin, expiresAt, taint } = approval
  const alike = lookAlikes(`${summary} ${JSON.stringify(JSON.parse(exact))}`)
  const lines = [
    `🔐 #${n}  ${agent}`,
    `action: ${shown(action, 200)}${scope === null ? '' : ` (${shown(scope, 100)})`}`,
    `${origin === 'asked' ? 'it says' : 'held'}: ${shown(summary, 800)}`,
    '',
    exactly(exactText(exact), `troupe approvals ${n}`),
    ...(alike.length === 0 ? [] : [`⚠️ letters that only look like Latin ones: ${shown(alike.join(', '), 200)}`]),
    ...(taint.length === 0 ? [] : [`⚠️ it has read what others wrote: ${shown(taint.join(', '), 200)}`]),
    `sha256 ${hash}`,
    '',
    approval.status === 'pending' ? `Without an answer it is denied at ${time(expiresAt)}.` : endText(approval),
  ]
  return lines.join('\n')
}

/** In one line, what is decided on first: what the agent says of it are its own words. */
export function cardLine({ n, agent, action, summary, exact, origin }: Pick<Approval, 'n' | 'agent' | 'action' | 'summary' | 'exact' | 'origin'>): string {
  const { tool } = JSON.parse(exact) as { tool?: unknown }
  const what = origin === 'held' || typeof tool !== 'string' || tool === 'request_approval' ? shown(summary, 200) : `${shown(exactText(exact), 200)} (it says: ${shown(summary, 200)})`
  // No words of an agent look like another request.
  return `#${n} ${agent}: ${shown(action, 200)}: ${what}`.replaceAll('\n', ' ⏎ ')
}

/** How it ended, and who decided. */
export function endText({ status, decidedBy, note }: Approval): string {
  const by = decidedBy === null ? '' : ` by ${shown(decidedBy, 120)}`
  const said = note === null ? '' : `\nnote: ${shown(note, 300)}`
  switch (status) {
    case 'pending':
      return 'pending'
    case 'approved':
    case 'used':
      return `✅ Approved${by}${said}`
    case 'denied':
      return `❌ Denied${by}${said}`
    case 'expired':
      return '⌛ Expired: nobody decided, and that means no.'
  }
}

/** The exact action for reading: a command as it is, else the tool and its input. */
function exactText(exact: string): string {
  const { tool, input } = JSON.parse(exact) as { tool?: string; input?: unknown }
  if (tool === undefined) return exact
  const command = typeof input === 'object' && input !== null ? (input as Record<string, unknown>)['command'] : undefined
  return typeof command === 'string' && Object.keys(input as object).every((key) => ['command', 'description', 'timeout'].includes(key)) ? `${tool}: ${command}` : `${tool}: ${JSON.stringify(input)}`
}

/** Hidden characters become visible; what is cut says so. */
function shown(text: string, most: number): string {
  const safe = visible(text)
  return safe.length <= most ? safe : `${safe.slice(0, most).toWellFormed()}… (${safe.length - most} more characters)`
}

/** An action: its beginning and its end, and where all of it is. */
function exactly(text: string, whole: string): string {
  const safe = visible(text)
  if (safe.length <= mostShown) return safe
  const begin = safe.slice(0, mostShown - mostOfEnd).toWellFormed()
  return `${begin}… (${safe.length - mostShown} more characters here; all of it: ${whole}) …${safe.slice(-mostOfEnd).toWellFormed()}`
}

export function time(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
