import type { Attachment, KeptFile } from './attachment.ts'
import type { Address } from './team.ts'

export type Priority = 'urgent' | 'normal' | 'low'

/** How far a sender's words reach. A message never carries authority to approve. */
export type Trust = 'operator' | 'lead' | 'peer' | 'bridged' | 'external'

/** Who said it: an agent, or a person (`user`), or troupe itself (`troupe`). */
export type Sender = Address | 'user' | 'troupe'

export interface Message {
  /** UUIDv7. */
  id: string
  /** Small integer, unique in the team. */
  n: number
  from: Sender
  /** As it was addressed: `project:agent` or `#channel` with its project (`project#channel`). */
  to: string
  project: string
  text: string
  threadId: string | null
  priority: Priority
  trust: Trust
  /** The sender's own key against doubles, if it gave one. */
  key: string | null
  /** The chain this message continues; its own id when it begins one. */
  chain: string
  hop: number
  /** Where its content may come from besides its sender, such as `bridge:3`: what the sender had been told before. */
  taint: string[]
  attachments: Attachment[]
  /** Control messages are for one incarnation only. */
  control: { kind: 'stop' | 'report' | 'done' | 'save'; incarnation: string } | null
  /** ms */
  sentAt: number
  /** Where a person wrote it, outside of troupe; absent for everything else. */
  outside?: Outside
}

/** A message on a chat platform. Ids are the platform's; `name` is as its user chose it. */
export interface Outside {
  /** Id of the gateway, and what kind it is. */
  gateway: string
  type: string
  chat: string
  message: string
  user: string
  name: string
}

/** A control message acts on one run of an agent, and never on the next. */
export function isForRun({ control }: Pick<Message, 'control'>, incarnation: string): boolean {
  return control === null || control.incarnation === incarnation
}

/** Of usual words, roughly. */
const bytesOfToken = 4

/** What a text costs a reader in tokens, roughly. */
export function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesOfToken)
}

/** Before the store has given it, and each of its files, a number. */
export type MessageDraft = Omit<Message, 'n' | 'attachments'> & { attachments?: KeptFile[] }
