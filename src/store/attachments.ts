import { sql, type Selectable } from 'kysely'
import type { Attachment, KeptFile } from '../core/attachment.ts'
import type { Message } from '../core/message.ts'
import { nextNumber } from './counters.ts'
import type { Db } from './engine.ts'
import { inChunks, prepared } from './prepared.ts'
import { readMessage } from './rows.ts'
import type { AttachmentTable, MessageTable, Written } from './schema.ts'
import type { AttachmentsReader } from './store.ts'

export function attachmentsReader(db: Db, team: string): AttachmentsReader {
  const all = () => db.selectFrom('attachments').where('team', '=', team)
  return {
    async byN(n) {
      const row = await all().selectAll().where('n', '=', n).executeTakeFirst()
      if (row === undefined) return undefined
      const [message] = await readMessages(db, team, await db.selectFrom('messages').selectAll().where('team', '=', team).where('id', '=', row.message_id).execute())
      return message && { attachment: read(row), message }
    },
    async taints(sha256) {
      if (sha256.length === 0) return []
      const query = db.selectFrom('attachments as a').innerJoin('messages as m', (join) => join.onRef('m.team', '=', 'a.team').onRef('m.id', '=', 'a.message_id'))
      const rows = await query.select('m.taint').distinct().where('a.team', '=', team).where('a.sha256', 'in', sha256).where('m.taint', 'is not', null).execute()
      return [...new Set(rows.flatMap(({ taint }) => taint?.split(' ') ?? []))]
    },
    async named(sha256) {
      const found = new Set<string>()
      for (const some of inChunks(sha256)) {
        for (const row of await all().select('sha256').distinct().where('sha256', 'in', some).execute()) found.add(row.sha256)
      }
      return found
    },
    async totalBytes() {
      const contents = all().select(['sha256', (row) => row.fn.max('bytes').as('bytes')]).groupBy('sha256')
      const sum = await db.selectFrom(contents.as('contents')).select(sql<number | string>`coalesce(sum(bytes), 0)`.as('bytes')).executeTakeFirstOrThrow()
      return Number(sum.bytes)
    },
  }
}

/** Messages of these rows, in their order, each with its files: a second query only where one has some. */
export async function readMessages(db: Db, team: string, rows: Selectable<MessageTable>[]): Promise<Message[]> {
  const ids = rows.filter(({ attached }) => attached !== null).map(({ id }) => id)
  const found: Selectable<AttachmentTable>[] = []
  for (const some of inChunks(ids)) found.push(...(await ofMessages(db, { team, ids: some })).rows)
  const byMessage = Map.groupBy(found, (row) => row.message_id)
  return rows.map((row) => readMessage(row, (byMessage.get(row.id) ?? []).map(read)))
}

const ofMessages = prepared<{ team: string; ids: string[] }, Selectable<AttachmentTable>>((db, { team, ids }) =>
  db.selectFrom('attachments').selectAll().where('team', '=', team).where('message_id', 'in', ids).orderBy('n'),
)

/** Half of a surrogate pair has no UTF-8: what is returned is what a reader will get. */
export async function numbered(db: Db, team: string, files: readonly KeptFile[]): Promise<Attachment[]> {
  const attachments: Attachment[] = []
  for (const { name, mime, bytes, sha256 } of files) attachments.push({ n: await nextNumber(db, team, 'attachment'), name: name.toWellFormed(), mime, bytes, sha256 })
  return attachments
}

export async function insertAttachments(db: Db, by: Written, messageId: string, attachments: readonly Attachment[]): Promise<void> {
  if (attachments.length === 0) return
  await db.insertInto('attachments').values(attachments.map((each) => ({ ...by, ...each, message_id: messageId }))).execute()
}

function read({ n, name, mime, bytes, sha256 }: Selectable<AttachmentTable>): Attachment {
  return { n, name, mime, bytes, sha256 }
}
