import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { Troupe, type Mail } from './troupe.ts'

/** As teamctl 0.7.2 makes it. */
const schema = `
create table projects(id text primary key, name text not null);
create table agents(id text primary key, project_id text not null references projects(id) on delete cascade, role text, runtime text, is_manager integer, reports_to text);
create table messages(id integer primary key autoincrement, project_id text, sender text not null, recipient text not null, text text not null, thread_id text, sent_at real not null, delivered_at real, acked_at real, kind text, structured_payload text);
create table channels(id text primary key, project_id text, name text, wildcard integer);
create table channel_members(channel_id text, agent_id text, primary key(channel_id, agent_id));
create table bridges(id integer primary key autoincrement, from_agent text, to_agent text, topic text, opened_by text, opened_at real, expires_at real, closed_at real);
create table approvals(id integer primary key autoincrement, project_id text, agent_id text, action text, scope_tag text, summary text, payload_json text, status text, requested_at real, decided_at real, decided_by text, decision_note text, expires_at real, delivered_at real);
`

const hostile = `'; drop table messages; -- \u0000 \u202E\u001b[2J ‮ 👩‍👩‍👧‍👦 \n<<<x`

const project = (id: string) =>
  JSON.stringify({
    version: 2, project: { id, name: id, cwd: '.' }, channels: [{ name: 'all', members: '*' }],
    managers: { boss: { runtime: 'scripted', can_dm: ['*'] } }, workers: { dev: { runtime: 'scripted', can_dm: ['*'] } },
  })
const files = {
  'team-compose.yaml': JSON.stringify({ version: 2, projects: [{ file: 'projects/p.yaml' }, { file: 'projects/q.yaml' }] }),
  'projects/p.yaml': project('p'),
  'projects/q.yaml': project('q'),
}

function mailbox(file: string): void {
  mkdirSync(dirname(file), { recursive: true })
  const db = new DatabaseSync(file)
  db.exec(`pragma journal_mode = wal; ${schema}`)
  const now = Date.now() / 1_000
  const message = db.prepare('insert into messages(project_id, sender, recipient, text, thread_id, sent_at, acked_at, kind, structured_payload) values (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  message.run('p', 'cli', 'p:dev', 'old and done', null, now - 500.25, now, null, null)
  message.run('p', 'p:boss', 'p:dev', hostile, 'bridge:1', now - 400.5, null, null, null)
  message.run('p', 'p:boss', 'channel:p:all', 'to all', 'bridge:9', now - 300, null, null, null)
  message.run('p', 'p:dev', 'user:telegram', '', null, now - 200, now, 'image', '{"source":"path","value":"/x.png"}')
  message.run('p', 'p:boss', 'p:gone', 'to nobody', null, now, null, null, null)
  message.run('p', 'user\n', 'p:dev', 'from nobody', null, now, null, null, null)
  message.run('p', 'p:boss', 'channel:p:none', 'nowhere', null, Number.POSITIVE_INFINITY, null, null, null)
  const bridge = db.prepare("insert into bridges(from_agent, to_agent, topic, opened_by, opened_at, expires_at, closed_at) values (?, ?, ?, 'cli', ?, ?, ?)")
  bridge.run('p:boss', 'q:boss', 'prices', now, now + 3_600, null)
  bridge.run('p:boss', 'q:boss', 'over', now - 9, now - 1, null)
  bridge.run('p:dev', 'q:boss', 'a worker', now, now + 3_600, null)
  const approval = db.prepare("insert into approvals(project_id, agent_id, action, summary, payload_json, status, requested_at, expires_at) values ('p', 'p:dev', 'publish', ?, 'null', ?, ?, ?)")
  approval.run('waits', 'pending', now, now + 900)
  approval.run('decided', 'approved', now, now + 900)
  db.close()
}

const hashOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
interface Imported { history: number; unacked: number; approvals: number; bridges: number; known: number; skipped: Record<string, number>; path: string }
const brought = { history: 2, unacked: 2, approvals: 1, bridges: 1, known: 0, skipped: { 'message: an agent that the team does not have': 1, 'message: a sender that is none': 1, 'message: a channel that the team does not have': 1, 'bridge: its time is over': 1 } }

it('a mailbox of teamctl is set aside as it is, and read: mail, bridges and approvals, each once', async () => {
  const troupe = new Troupe(files)
  const [file, aside] = ['mailbox.db', 'mailbox.teamctl.db'].map((name) => join(troupe.root, 'state', name)) as [string, string]
  mailbox(file)
  const before = hashOf(file)
  expect(await troupe.run('ps')).toMatchObject({ stderr: expect.stringContaining('troupe import teamctl') as string })
  expect(hashOf(file)).toBe(before)
  const dry = await troupe.json<Imported>('import', 'teamctl', '--dry-run')
  expect(dry).toMatchObject({ ...brought, path: aside })
  expect(await troupe.mail()).toEqual([])

  const first = await troupe.json<Imported>('import', 'teamctl')
  expect(first).toMatchObject(brought)
  expect(Object.keys(first.skipped).toSorted().at(0)).toMatch(/^bridge: .*worker|^bridge: its time/)
  expect(hashOf(aside)).toBe(before)
  const mail = (await troupe.mail()).toReversed()
  expect(mail.map(({ from, to, state }) => [from, to, state.split(' ')[0]])).toEqual([
    ['user', 'p:dev', 'acked'], ['p:boss', 'p:dev', 'queued'], ['p:boss', 'p#all', 'queued'], ['p:dev', 'user', 'no'],
  ])
  expect(mail[1]?.text).toBe(hostile)
  expect(mail[3]?.text).toBe('\n[image: {"source":"path","value":"/x.png"}]')
  const sentAt = (mail as (Mail & { sentAt: number })[]).map((each) => each.sentAt)
  expect(sentAt).toEqual(sentAt.toSorted((a, b) => a - b))
  expect(await troupe.json<unknown[]>('bridge', 'ls')).toMatchObject([{ from: 'p:boss', to: 'q:boss', topic: 'prices', state: 'open' }])
  expect(await troupe.json<unknown[]>('approvals', '--all')).toMatchObject([{ action: 'publish', summary: 'waits', status: 'expired' }])
  expect(await troupe.ok('audit', 'verify')).toMatch(/^ok/)

  const again = await troupe.json<Imported>('import', 'teamctl')
  expect(again).toMatchObject({ history: 0, unacked: 0, approvals: 0, bridges: 0, known: 6 })
  expect(await troupe.mail()).toHaveLength(4)
  expect(hashOf(aside)).toBe(before)
}, 120_000)

it('a mailbox elsewhere is only read; what is none is refused', async () => {
  const troupe = new Troupe(files)
  const file = join(troupe.folder, 'old', 'mailbox.db')
  mailbox(file)
  const before = hashOf(file)
  expect(await troupe.json<Imported>('import', 'teamctl', file)).toMatchObject(brought)
  expect([hashOf(file), existsSync(`${file}-wal`), existsSync(`${file}-shm`)]).toEqual([before, false, false])
  for (const wrong of [join(troupe.root, 'team-compose.yaml'), join(troupe.root, 'state', 'mailbox.db'), 'none']) expect((await troupe.run('import', 'teamctl', wrong)).code).toBe(2)
  expect((await troupe.run('import', 'teamctl')).code).toBe(2)
}, 120_000)
