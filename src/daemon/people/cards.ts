import { createHash, timingSafeEqual } from 'node:crypto'
import type { Approval } from '../../core/approval.ts'
import { printable } from '../../core/printable.ts'
import type { Button, Content } from '../../core/gateway.ts'
import type { Outgoing } from '../../core/outbox.ts'

/** How much of an action a card shows, UTF-16 code units: a card stays one message. */
const mostShown = 1_500

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
  const { n, agent, action, scope, summary, exact, origin, expiresAt } = approval
  const lines = [
    `🔐 #${n}  ${agent}`,
    `action: ${shown(action, 200)}${scope === null ? '' : ` (${shown(scope, 100)})`}`,
    `${origin === 'asked' ? 'it says' : 'held'}: ${shown(summary, 800)}`,
    '',
    shown(exactText(exact), mostShown, `troupe approvals ${n}`),
    '',
    approval.status === 'pending' ? `Without an answer it is denied at ${time(expiresAt)}.` : endText(approval),
  ]
  return lines.join('\n')
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

/** Hidden characters become visible; what is cut says so, and where the whole is. */
function shown(text: string, most: number, whole?: string): string {
  const safe = printable(text)
  if (safe.length <= most) return safe
  return `${safe.slice(0, most).toWellFormed()}… (${safe.length - most} more characters${whole === undefined ? '' : `; all of it: ${whole}`})`
}

export function time(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
