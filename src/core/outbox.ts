import type { Content } from './gateway.ts'

/** One thing on its way to one chat. Rows of a chat go out in the order they were made. */
export interface Outgoing {
  /** UUIDv7, in the order they were made. */
  id: string
  /** Against doubles: what it is about, and for whom. */
  key: string
  gateway: string
  chat: string
  content: Content
  /** `answer`: to a person who waits for it, or a change of what is there already: quiet hours do not hold it. */
  urgency: 'ordinary' | 'approval' | 'answer'
  /** The approval that it shows, by id, and the secret in its buttons. */
  approval: string | null
  nonce: string | null
  /** The message in the mailbox that it carries. */
  message: string | null
  state: 'queued' | 'sent' | 'failed'
  /** How many parts of a long text are there. */
  parts: number
  /** The platform's id of the first message. */
  platformId: string | null
  attempts: number
  /** Why it failed, or why the last attempt did. */
  reason: string | null
  createdAt: number
  sentAt: number | null
}

/** As `mail` shows it. */
export function describeOutgoing({ state, reason, attempts }: Pick<Outgoing, 'state' | 'reason' | 'attempts'>): string {
  if (state === 'failed') return `failed: ${reason ?? 'unknown'}`
  return state === 'queued' && attempts > 0 ? `queued (${reason ?? 'tried'})` : state
}
