import { DatabaseSync } from 'node:sqlite'
import { TroupeError } from '../core/error.ts'
import type { OldApproval, OldBridge, OldMailbox, OldMessage } from '../core/teamctl.ts'

/** Reads a mailbox of teamctl's schema. Give it a copy: SQLite keeps files of its own beside what it opens. Throws `usage` for anything else; `named` as people know it. */
export function readTeamctl(path: string, named: string): OldMailbox {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { readOnly: true })
    const tables = new Set(db.prepare(`select name from sqlite_master where type = 'table'`).all().map(({ name }) => String(name)))
    if (!['projects', 'agents', 'messages'].every((name) => tables.has(name))) throw notOne(named)
    return { messages: messages(db), bridges: tables.has('bridges') ? bridges(db) : [], approvals: tables.has('approvals') ? approvals(db) : [] }
  } catch (cause) {
    throw cause instanceof TroupeError ? cause : notOne(named, cause)
  } finally {
    db?.close()
  }
}

function notOne(path: string, cause?: unknown): TroupeError {
  return new TroupeError('usage', `${path} is not a mailbox of teamctl`, { hint: 'name its state/mailbox.db', ...(cause === undefined ? {} : { cause }) })
}

/** Newer columns, where a release of it has them. */
function messages(db: DatabaseSync): OldMessage[] {
  const columns = new Set(db.prepare('pragma table_info(messages)').all().map(({ name }) => String(name)))
  const optional = (name: string): string => (columns.has(name) ? name : `null as ${name}`)
  const query = `select id, sender, recipient, text, thread_id, sent_at, acked_at, ${optional('kind')}, ${optional('structured_payload')} from messages order by id`
  return db.prepare(query).all().map((row) => ({
    id: Number(row.id),
    sender: words(row.sender),
    recipient: words(row.recipient),
    text: words(row.text),
    thread: orNull(row.thread_id),
    sentAt: Number(row.sent_at),
    ackedAt: row.acked_at === null ? null : Number(row.acked_at),
    kind: orNull(row.kind),
    payload: orNull(row.structured_payload),
  }))
}

function bridges(db: DatabaseSync): OldBridge[] {
  const rows = db.prepare('select id, from_agent, to_agent, topic, expires_at from bridges where closed_at is null order by id').all()
  return rows.map((row) => ({ id: Number(row.id), from: words(row.from_agent), to: words(row.to_agent), topic: words(row.topic), expiresAt: Number(row.expires_at) }))
}

function approvals(db: DatabaseSync): OldApproval[] {
  const rows = db.prepare(`select id, agent_id, action, summary, requested_at, expires_at from approvals where status = 'pending' order by id`).all()
  return rows.map((row) => ({ id: Number(row.id), agent: words(row.agent_id), action: words(row.action), summary: words(row.summary), requestedAt: Number(row.requested_at), expiresAt: Number(row.expires_at) }))
}

/** SQLite keeps what it is given, whatever the column says. */
function words(value: unknown): string {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value ?? '')
}

function orNull(value: unknown): string | null {
  return value === null || value === undefined ? null : words(value)
}
