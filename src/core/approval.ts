import { sha256 } from './event.ts'
import { shortened } from './shorten.ts'

/** A request to do one exact action, and its verdict. Decided once, good for one deed, and silence means no. */
export interface Approval {
  /** UUIDv7. */
  id: string
  /** Small integer, unique in the team. */
  n: number
  agent: string
  project: string
  /** Name of the action, or several joined by ", ". */
  action: string
  scope: string | null
  /** For people: what the agent says it is for, or the call itself. */
  summary: string
  /** What is decided on, as RFC 8785 JSON. */
  exact: string
  /** Of the deed, see `deedHash`. */
  hash: string
  /** `asked` by the agent with its tool, or `held` by a rule before it was done. */
  origin: 'asked' | 'held'
  status: ApprovalStatus
  requestedAt: number
  /** A pending request is denied then; a verdict that was not used is void. */
  expiresAt: number
  decidedAt: number | null
  /** `user`, or the window of the team's files that allowed it. */
  decidedBy: string | null
  note: string | null
  usedAt: number | null
  /** The agent has heard how it ended. */
  told: boolean
  /** What of others' words its conversation held: `bridge:3`, `web`. No window counts then. */
  taint: string[]
}

export type ApprovalStatus = 'pending' | 'approved' | 'used' | 'denied' | 'expired'

/** What happens to an approval. */
export type Turn =
  | { type: 'approve' | 'deny'; by: string; note: string | null; at: number }
  | { type: 'use'; at: number }
  | { type: 'expire'; at: number }
  /** What stands is not for what is asked now: it ends before its time. */
  | { type: 'void'; at: number }

/** The state after it, or why there is none. A verdict stays good for as long as its request was open. */
export function turn(before: Approval, event: Turn): { ok: true; after: Approval } | { ok: false; why: string } {
  const refuse = (why: string) => ({ ok: false as const, why })
  const due = before.expiresAt <= event.at
  switch (event.type) {
    case 'approve':
    case 'deny': {
      if (before.status !== 'pending') return refuse(decidedText(before))
      if (due) return refuse(`approval ${before.n} has expired`)
      const { by, note, at } = event
      const decided = { ...before, decidedAt: at, decidedBy: by, note }
      if (event.type === 'deny') return { ok: true, after: { ...decided, status: 'denied' } }
      return { ok: true, after: { ...decided, status: 'approved', expiresAt: at + (before.expiresAt - before.requestedAt) } }
    }
    case 'use':
      if (before.status !== 'approved' || due) return refuse(`approval ${before.n} cannot be used: it is ${due ? 'expired' : before.status}`)
      return { ok: true, after: { ...before, status: 'used', usedAt: event.at } }
    case 'expire':
      if (!isOpen(before.status) || !due) return refuse(`approval ${before.n} does not expire now`)
      return { ok: true, after: { ...before, status: 'expired' } }
    case 'void':
      if (!isOpen(before.status)) return refuse(`approval ${before.n} is over`)
      return { ok: true, after: { ...before, status: 'expired' } }
  }
}

/** Who decided, where a window did. */
export const windowsName = 'hitl.auto_approve_windows'

/**
 * Whether its yes is for this. A person's is: the deed was shown. A window's is for the actions that were named when it was
 * asked for, by whoever asked: what they call it may be something else by the rules, and others may have had their say since.
 */
export function isGoodFor({ action, decidedBy }: Pick<Approval, 'action' | 'decidedBy'>, wanted: { actions: readonly string[]; taint: readonly string[] }): boolean {
  if (decidedBy === null || !decidedBy.startsWith(windowsName)) return true
  const named = action.split(', ')
  return wanted.taint.length === 0 && wanted.actions.every((each) => named.includes(each))
}

function decidedText({ n, status, decidedBy }: Approval): string {
  if (status === 'expired') return `approval ${n} has expired`
  const verdict = status === 'denied' ? 'denied' : 'approved'
  return `approval ${n} was ${verdict} already${decidedBy === null ? '' : `, by ${decidedBy}`}`
}

/** Something can still come of it. */
export function isOpen(status: ApprovalStatus): status is 'pending' | 'approved' {
  return status === 'pending' || status === 'approved'
}

/** One exact action: which agent, with what, where. The run of the agent does not belong to it. */
export interface Deed {
  agent: string
  tool: string
  /** A JSON value. */
  input: unknown
  /** Absolute. */
  cwd: string
}

export function deedHash({ agent, tool, input, cwd }: Deed): string {
  return sha256(canonical({ agent, tool, input, cwd }))
}

/**
 * RFC 8785: members by UTF-16 code units, no blanks, numbers and strings as ECMAScript writes them. Half a surrogate
 * pair has no UTF-8 and is replaced, as it is in everything that is stored.
 */
export function canonical(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed())
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${canonical(name)}:${canonical(member)}`).join(',')}}`
}

/** From the team's files: approved without asking, until a moment. */
export interface Window {
  action: string
  project: string | null
  /** Name or address. */
  agent: string | null
  scope: string | null
  /** ms */
  until: number
}

/**
 * Which windows allow all of these actions: their places in the list, or null where one of the actions has none.
 * What a window does not name it allows, but its end always counts.
 */
export function windowsFor(
  windows: readonly Window[],
  wanted: { actions: readonly string[]; project: string; agent: string; scope: string | null },
  now: number,
): number[] | null {
  if (wanted.actions.length === 0) return null
  const found = wanted.actions.map((action) =>
    windows.findIndex(
      (window) =>
        window.until > now &&
        window.action === action &&
        (window.project === null || window.project === wanted.project) &&
        (window.agent === null || window.agent === wanted.agent || `${wanted.project}:${window.agent}` === wanted.agent) &&
        (window.scope === null || window.scope === wanted.scope),
    ),
  )
  return found.includes(-1) ? null : [...new Set(found)]
}

/** Of a summary, in a mail that tells its verdict. The agent knows what it asked for. */
const summaryLength = 300

/** What an agent is told of a verdict that it did not wait for. */
export function verdictText(approval: Approval): string {
  const { n, action, summary, status, note, exact } = approval
  const about = `Approval ${n} (${action}: ${shortened(summary, summaryLength)})`
  const said = note === null ? '' : ` Note: ${note}`
  const { tool } = JSON.parse(exact) as { tool: string }
  const again = tool === 'request_approval' ? 'Ask again in exactly the same words' : 'Make exactly that call now'
  switch (status) {
    case 'approved':
      return `${about} was approved.${said} ${again}: it passes once, until ${new Date(approval.expiresAt).toISOString()}.`
    case 'denied':
      return `${about} was denied.${said} Do not do it, nor in another way.`
    default:
      return `${about} expired: nobody decided, and that means no. Do not do it, nor in another way.`
  }
}
