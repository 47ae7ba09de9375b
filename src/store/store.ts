import type { Approval, ApprovalStatus } from '../core/approval.ts'
import type { Bridge } from '../core/bridge.ts'
import type { Delivery, DeliveryState } from '../core/delivery.ts'
import type { Cursor, JournalEvent, NewEvent, KeptHead } from '../core/event.ts'
import type { Proof, Rung } from '../core/ladder.ts'
import type { Link } from '../core/loop-guard.ts'
import type { LimitHit } from '../core/limit-hit.ts'
import type { Attachment } from '../core/attachment.ts'
import type { Message, MessageDraft } from '../core/message.ts'
import type { Nano, Sum } from '../core/money.ts'
import type { Candidate } from '../core/retention.ts'
import type { Outgoing } from '../core/outbox.ts'
import type { AgentState } from '../core/phase.ts'
import type { UsageRecord } from '../core/runtime.ts'
import type { Task } from '../core/task.ts'
import type { Ended } from '../core/restart.ts'
import type { KeptWorktree } from '../core/worktree.ts'

/**
 * The store, the same on every engine. Writes that arrive in one turn of the event loop share one
 * transaction, each in its savepoint: one failing does not take the others with it.
 * A promise of `write` resolves only after the commit is durable.
 */
export interface Store {
  readonly engine: 'sqlite' | 'postgres'
  /** For people: a path, or a URL without its password. */
  readonly where: string
  /** What does not fit between the database and what was known of it outside, without reading it whole; null if nothing. */
  flaw(): string | null
  /** Database work only inside: no sockets, no files, no waiting for anything else. May run twice (serialization). */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** One consistent view for everything inside. */
  read<T>(work: (db: Reader) => Promise<T>): Promise<T>
  /** Called after each commit with the events it made, in order. Returns the way out. */
  subscribe(listener: (events: JournalEvent[]) => void): () => void
  /**
   * Removes journal lines older than `before` (ms) and leaves a checkpoint in their place, told by an event of its
   * own. Resolves with their number.
   */
  prune(before: number): Promise<number>
  /** Copies all of it, as of one moment, into a new file, 0600, while writes go on. Throws `failed` on an engine whose own tools do that. */
  backup(target: string): Promise<void>
  /** Waits for what is under way. Idempotent. */
  close(): Promise<void>
}

/** Inside one transaction. Everything a Reader can, and the changes. */
export interface Tx extends Reader {
  messages: MessagesReader & {
    /** Gives the message and each of its files their `n` and stores it with its deliveries, all `queued`. */
    insert(message: MessageDraft, recipients: string[]): Promise<Message>
  }
  deliveries: DeliveriesReader & {
    /** Changes one delivery if it is in one of `from`; false if it was not (somebody was first). */
    update(messageId: string, recipient: string, from: DeliveryState[], change: DeliveryChange): Promise<boolean>
  }
  bridges: BridgesReader & {
    /** Gives it its `n`, and notes the newest message before it. */
    insert(bridge: Omit<Bridge, 'n' | 'after'>): Promise<Bridge>
    /** False if it was closed already. */
    close(id: string, at: number, by: string): Promise<boolean>
  }
  agents: AgentsReader & {
    /** Inserts or replaces. */
    put(state: AgentState): Promise<void>
    remove(address: string): Promise<void>
  }
  incarnations: IncarnationsReader & {
    insert(row: Incarnation): Promise<void>
    update(id: string, change: Partial<Pick<Incarnation, 'pane' | 'pid' | 'session' | 'ended'>>): Promise<void>
  }
  usage: UsageReader & {
    /**
     * The same key twice is one row: the later values win, and what it was for stays as it was first. Null if it was
     * there with the same values; else what it takes back of sums, `none` where it is new.
     */
    put(agent: string, incarnation: string, record: UsageRecord, known: Known): Promise<Spent | 'none' | null>
    /** Gives a call its price. */
    price(call: { agent: string; key: string }, cost: Nano): Promise<void>
  }
  approvals: ApprovalsReader & {
    /** Gives it its `n`. There is at most one open approval of a hash. */
    insert(approval: Omit<Approval, 'n'>): Promise<Approval>
    /** Replaces it if it is still in `from`; false if it was not (somebody was first). */
    update(from: ApprovalStatus, after: Approval): Promise<boolean>
  }
  tasks: TasksReader & {
    /** Gives it its `n`. There is at most one of a key. */
    insert(task: Omit<Task, 'n'>): Promise<Task>
    /** Replaces it if it is still as `before`; false if it was not (somebody was first). */
    update(before: Task, after: Task): Promise<boolean>
  }
  limitHits: LimitHitsReader & {
    /** Inserts it, or replaces what is known of its hooks. */
    put(hit: LimitHit): Promise<void>
  }
  retention: RetentionReader & {
    /** With their deliveries and the rows of their files; how many there were. */
    removeMessages(ids: readonly string[]): Promise<number>
    removeApprovals(ids: readonly string[]): Promise<number>
    removeBridges(ids: readonly string[]): Promise<number>
  }
  outbox: OutboxReader & {
    /** False if there is one of that key: nothing happened then. */
    insert(outgoing: Outgoing): Promise<boolean>
    update(id: string, change: Partial<Pick<Outgoing, 'state' | 'parts' | 'platformId' | 'attempts' | 'reason' | 'sentAt' | 'nonce'>>): Promise<void>
    /** Takes out what is done with and older than that, ms. Resolves with their number. */
    prune(before: number): Promise<number>
  }
  nonces: {
    /** False if it was used before; those used before `forgetBefore` (ms) are forgotten. */
    use(gateway: string, nonce: string, at: number, forgetBefore: number): Promise<boolean>
  }
  worktrees: WorktreesReader & {
    /** Inserts or replaces, by its path. */
    put(worktree: KeptWorktree): Promise<void>
    remove(path: string): Promise<void>
  }
  settings: SettingsReader & { put(key: string, value: unknown): Promise<void> }
  /** Appends to the journal, in this transaction. Its own `events` show it after the commit. */
  journal(event: NewEvent): Promise<void>
}

export interface Reader {
  messages: MessagesReader
  deliveries: DeliveriesReader
  attachments: AttachmentsReader
  retention: RetentionReader
  bridges: BridgesReader
  agents: AgentsReader
  incarnations: IncarnationsReader
  usage: UsageReader
  approvals: ApprovalsReader
  tasks: TasksReader
  limitHits: LimitHitsReader
  outbox: OutboxReader
  worktrees: WorktreesReader
  settings: SettingsReader
  events: {
    /** In order of each stream, streams merged by time; at most `limit`. `gone` if the cursor is older than what is kept. */
    after(cursor: Cursor, limit: number): Promise<{ events: JournalEvent[]; gone: boolean }>
    /** Oldest first: everything about a subject. */
    about(subject: string): Promise<JournalEvent[]>
    /**
     * The newest that match, oldest first; read together with `head()` in one `read` to follow from there.
     * `type` is a type or a family: `agent` means `agent.phase` and the like.
     */
    recent(filter: { agent?: string; since?: number; type?: string; limit: number }): Promise<JournalEvent[]>
    head(): Promise<Cursor>
    /** Where each stream ends. */
    heads(): Promise<{ stream: string; seq: number; hash: string }[]>
    /** Recomputes the chain. `kept`: a head that a person kept, which it must pass through; `pruned` where it is before a checkpoint. */
    verify(kept?: KeptHead | null): Promise<{ ok: true; events: number; kept: 'found' | 'pruned' | null } | { ok: false; stream: string; seq: number; why: string }>
  }
}

export interface MessagesReader {
  get(id: string): Promise<Message | undefined>
  byN(n: number): Promise<Message | undefined>
  /** A sender's own key. */
  byKey(from: string, key: string): Promise<Message | undefined>
  /** Number of messages since then, by project. */
  counts(since: number): Promise<Record<string, number>>
  /** The newest to this recipient that a person wrote outside, by its id there. */
  byOutside(recipient: string, id: string): Promise<Message | undefined>
  /** Newest first, with their deliveries. `agent`: to or from it. */
  list(filter: { agent?: string; limit: number; unread?: boolean }): Promise<{ message: Message; deliveries: Delivery[] }[]>
}

export interface WorktreesReader {
  get(path: string): Promise<KeptWorktree | undefined>
  /** By path. */
  all(): Promise<KeptWorktree[]>
}

export interface AttachmentsReader {
  byN(n: number): Promise<{ attachment: Attachment; message: Message } | undefined>
  /** What taints any of these contents: their messages' taints, by the hashes. */
  taints(sha256: string[]): Promise<string[]>
  /** Which of these contents a message names. */
  named(sha256: string[]): Promise<Set<string>>
  /** Of all contents that are named, each counted once. */
  totalBytes(): Promise<number>
}

/** What may be over and done with. */
export interface RetentionReader {
  /** Messages by their numbers, from the first after `after` on. */
  page(after: number, limit: number): Promise<Candidate[]>
  /** Number of the last message that was stored. */
  newest(): Promise<number>
  /** Decided or expired before a moment, and the agent has heard of it. */
  approvals(filter: { before: number; project: string | null; limit: number }): Promise<string[]>
  /** Every message that names one of these contents. */
  naming(sha256: readonly string[]): Promise<{ messageId: string; sha256: string }[]>
}

export interface DeliveriesReader {
  of(messageId: string): Promise<Delivery[]>
  get(messageId: string, recipient: string): Promise<Delivery | undefined>
  /** Not acked, not dead, oldest message first. */
  open(recipient: string, limit: number): Promise<{ message: Message; delivery: Delivery }[]>
  /** Open, and not delivered to this incarnation: oldest message first, from message number `after` on. */
  due(recipient: string, incarnation: string, after: number, limit: number): Promise<{ message: Message; delivery: Delivery }[]>
  /** The newest message that entered the context of this incarnation, among the last two thousand of the team. */
  last(recipient: string, incarnation: string): Promise<Link | undefined>
  /** What taints the conversation that this incarnation carries on, as far as the last two thousand messages tell. */
  taints(recipient: string, incarnation: string): Promise<string[]>
  /** Every recipient with queued deliveries. */
  waiting(): Promise<string[]>
  /** Number of unacknowledged deliveries to one recipient, counted no further than `most`. */
  backlog(recipient: string, most: number): Promise<number>
  /** Number of unacknowledged deliveries by recipient. */
  counts(): Promise<Record<string, number>>
}

export interface BridgesReader {
  get(id: string): Promise<Bridge | undefined>
  byN(n: number): Promise<Bridge | undefined>
  /** Not closed, which says nothing about their time. */
  open(): Promise<Bridge[]>
  /** Newest first. */
  list(limit: number): Promise<Bridge[]>
  /** What came over it, oldest first. */
  log(bridge: Bridge): Promise<Message[]>
}

export interface DeliveryChange {
  state?: DeliveryState
  proof?: Proof | null
  typed?: boolean
  incarnation?: string | null
  rung?: Rung | null
  attempts?: number
  reason?: string | null
  deliveredAt?: number | null
  ackedAt?: number | null
}

export interface AgentsReader {
  all(): Promise<AgentState[]>
  get(address: string): Promise<AgentState | undefined>
}

/** One run of an agent's process. Kept after its end. */
export interface Incarnation {
  id: string
  agent: string
  /** sha256 of its bearer token, hex. */
  tokenHash: string
  pane: string | null
  pid: number | null
  /** The runtime's conversation id. */
  session: string | null
  startedAt: number
  ended: Pick<Ended, 'code' | 'signal' | 'endedAt' | 'failure'> | null
}

export interface IncarnationsReader {
  get(id: string): Promise<Incarnation | undefined>
  /** Not ended only. */
  byToken(tokenHash: string): Promise<Incarnation | undefined>
  live(): Promise<Incarnation[]>
}

/** What is known of a model call besides its tokens. `cost`: null where a price is missing. */
export interface Known {
  cost: Nano | null
  /** Of the message that the agent was told last. */
  chain: string | null
}

export interface Spent {
  at: number
  incarnation: string
  cost: Nano | null
}

export interface UsageFilter {
  /** ms, inclusive. */
  since?: number | undefined
  /** ms, exclusive. */
  until?: number | undefined
  agent?: string | undefined
  project?: string | undefined
  model?: string | undefined
  chain?: string | undefined
}

/** Calls of one agent with one model, and where it was asked for, in one chain. */
export interface UsageTotal {
  agent: string
  model: string
  tokens: UsageRecord['tokens']
  calls: number
  /** Of those whose price is known. */
  cost: Nano
  unpriced: number
  /** Null also where it was not asked for. */
  chain: string | null
}

export interface UsageReader {
  totals(filter?: UsageFilter, by?: 'chain'): Promise<UsageTotal[]>
  /** By agent and incarnation: of the calls since then, or, with `incarnations`, of all calls of those. */
  sums(of: { since: number } | { incarnations: string[] }): Promise<(Sum & { agent: string; incarnation: string })[]>
  /** Models that have calls without a price since then. */
  unpricedModels(since: number): Promise<string[]>
  /** A model's calls without a price since then; at most a thousand. */
  unpriced(since: number, model: string): Promise<(UsageRecord & { agent: string })[]>
}

export interface ApprovalsReader {
  get(id: string): Promise<Approval | undefined>
  byN(n: number): Promise<Approval | undefined>
  /** Pending, or approved and not used, of a deed. */
  open(hash: string): Promise<Approval | undefined>
  /** Open, and past their end. */
  due(now: number): Promise<Approval[]>
  /** When the next open one ends, ms. */
  nextDue(): Promise<number | null>
  /** Number of requests since then, by project. */
  counts(since: number): Promise<Record<string, number>>
  /** Decided or expired, and the agent has not heard of it. */
  untold(): Promise<Approval[]>
  /** Newest first. */
  list(filter: { agent?: string; pending: boolean; limit: number }): Promise<Approval[]>
}

export interface TasksReader {
  get(id: string): Promise<Task | undefined>
  byN(n: number): Promise<Task | undefined>
  byKey(key: string): Promise<Task | undefined>
  /** Something is still to come of them: oldest first. */
  open(): Promise<Task[]>
  /** They came to their end at that time or later, ms: oldest first. */
  ended(since: number): Promise<Task[]>
  /** What each of these agents has in hand: what it is at work on, else the newest that it ever was; never what waits for its turn. */
  inHand(agents: readonly string[]): Promise<Task[]>
  /** Newest first. */
  list(filter: { agent?: string; limit: number }): Promise<Task[]>
  /** How many this one made, ever. */
  madeBy(maker: string): Promise<number>
}

export interface LimitHitsReader {
  get(id: string): Promise<LimitHit | undefined>
  /** Something is left to do: oldest first. */
  open(): Promise<LimitHit[]>
  /** Newest first. */
  recent(agent: string, limit: number): Promise<LimitHit[]>
}

export interface OutboxReader {
  get(id: string): Promise<Outgoing | undefined>
  byKey(key: string): Promise<Outgoing | undefined>
  /** Oldest first. */
  queued(gateway: string, limit: number): Promise<Outgoing[]>
  ofApproval(approval: string): Promise<Outgoing[]>
  ofMessages(ids: readonly string[]): Promise<Outgoing[]>
  /** Queued, by gateway. */
  counts(): Promise<Record<string, number>>
}

export interface SettingsReader {
  /** JSON value, undefined if never put. */
  get(key: string): Promise<unknown>
}
