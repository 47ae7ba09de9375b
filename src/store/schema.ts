/**
 * The tables, the same on every engine. Only text and integers: times are ms since the epoch, booleans 0 or 1,
 * and JSON is text (`jsonb` would reorder keys, and the journal's hashes cover the text).
 * Every row carries its team, so that several roots can share one database, and the host and epoch that wrote it last.
 */
export interface Schema {
  teams: { id: string; created_at: number }
  streams: StreamTable
  counters: { team: string; kind: string; value: number }
  messages: MessageTable
  deliveries: DeliveryTable
  agents: AgentTable
  incarnations: IncarnationTable
  usage: UsageTable
  attachments: AttachmentTable
  approvals: ApprovalTable
  limit_hits: LimitHitTable
  bridges: BridgeTable
  tasks: TaskTable
  outbox: OutboxTable
  nonces: Written & { gateway: string; nonce: string; at: number }
  worktrees: WorktreeTable
  settings: Written & { key: string; value: string }
  events: EventTable
  checkpoints: CheckpointTable
}

/** Whose row it is, and which daemon wrote it last. */
export interface Written {
  team: string
  host: string
  epoch: number
}

/**
 * One journal stream and the right to write as its host: each batch moves `batch` from the value that it knows
 * to its own, so a daemon whose place was taken finds nothing to move, and a lost commit can be looked up.
 */
export interface StreamTable extends Written {
  seq: number
  hash: string
  batch: string
}

export interface WorktreeTable extends Written {
  path: string
  agent: string
  repository: string
  branch: string
  base: string
  state: string
  made_at: number
}

export interface MessageTable extends Written {
  id: string
  n: number
  sender: string
  recipient: string
  project: string
  body: string
  body_hash: string
  thread_id: string | null
  priority: string
  trust: string
  key: string | null
  chain: string
  hop: number
  control: string | null
  sent_at: number
  taint: string | null
  /** Number of its files; null for most. */
  attached: number | null
  /** JSON */
  outside: string | null
  outside_id: string | null
}

export interface AttachmentTable extends Written {
  n: number
  message_id: string
  name: string
  mime: string
  bytes: number
  sha256: string
}

export interface BridgeTable extends Written {
  id: string
  n: number
  a: string
  b: string
  topic: string
  one_way: number
  opened_by: string
  opened_at: number
  expires_at: number
  closed_at: number | null
  closed_by: string | null
  after_n: number
}

export interface DeliveryTable extends Written {
  message_id: string
  recipient: string
  n: number
  state: string
  proof: string | null
  typed: number
  incarnation: string | null
  rung: string | null
  attempts: number
  reason: string | null
  queued_at: number
  delivered_at: number | null
  acked_at: number | null
}

export interface AgentTable extends Written {
  address: string
  wanted: string
  phase: string
  since: number
  evidence: string
  incarnation: string | null
  restarts: string
  session: string | null
  duty: string | null
}

export interface IncarnationTable extends Written {
  id: string
  agent: string
  token_hash: string
  pane: string | null
  pid: number | null
  session: string | null
  started_at: number
  ended_at: number | null
  ended: string | null
}

export interface UsageTable extends Written {
  agent: string
  key: string
  incarnation: string
  at: number
  model: string
  input: number
  output: number
  cache_read: number
  cache_write: number
  cache_write_long: number | null
  cost: number | null
  chain: string | null
  task: string | null
}

export interface ApprovalTable extends Written {
  id: string
  n: number
  agent: string
  project: string
  action: string
  scope: string | null
  summary: string
  exact: string
  hash: string
  origin: string
  status: string
  requested_at: number
  expires_at: number
  decided_at: number | null
  decided_by: string | null
  note: string | null
  used_at: number | null
  told: number
  taint: string | null
}

export interface LimitHitTable extends Written {
  id: string
  agent: string
  project: string
  runtime: string
  incarnation: string | null
  at: number
  resets_at: number | null
  until: number | null
  raw: string
  hooks: string
  open: number
}

export interface TaskTable extends Written {
  id: string
  n: number
  key: string | null
  project: string
  title: string
  body: string
  source: string
  maker: string
  origin: string | null
  /** Ids, parted by blanks. */
  depends: string
  /** JSON */
  wish: string
  agent: string | null
  message: string | null
  attempts: number
  state: string
  /** JSON: the rest of the state. */
  detail: string
  result: string | null
  /** JSON */
  evidence: string
  taint: string | null
  created_at: number
  changed_at: number
  started_at: number | null
  ended_at: number | null
}

export interface OutboxTable extends Written {
  id: string
  key: string
  gateway: string
  chat: string
  content: string
  urgency: string
  approval: string | null
  nonce: string | null
  message: string | null
  state: string
  parts: number
  platform_id: string | null
  attempts: number
  reason: string | null
  created_at: number
  sent_at: number | null
}

export interface EventTable {
  team: string
  stream: string
  seq: number
  at: number
  type: string
  subject: string
  agent: string | null
  data: string
  prev: string
  hash: string
}

/** What was pruned from a stream: everything up to `seq`, whose hash was `hash`. A `journal.checkpoint` event says the same. */
export interface CheckpointTable {
  team: string
  stream: string
  seq: number
  hash: string
}
