import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { eventHash, type JournalEvent } from '../../src/core/event.ts'
import { TelegramServer } from '../fixtures/telegram/server.ts'
import { WebhookServer } from '../fixtures/webhook.ts'
import { pair, patiently, team, Troupe } from './troupe.ts'

interface Explained {
  phase: string
  events: { type: string; data: Record<string, unknown> }[]
  mail: { open: { n: number; state: string; waitsFor: string | null }[]; total: number }
  next: { what: string; at: number | null }
  restarts: { failures: number[] }
  todo: string[]
  screen: string[]
}

test('an agent that falls over tells how it came there, what waits for it, and when it comes back', async () => {
  const scenario = { '*': [{ when: 'die', do: [{ tool: 'print', args: { text: 'out of \u001b[31mluck' } }, { tool: 'exit', args: { code: 3 } }] }] }
  const troupe = new Troupe(team({ a: {}, b: {} }, { scenario }))
  await troupe.ok('up')
  const before = await troupe.json<Explained>('explain', 'agent', 'a')
  expect(before).toMatchObject({ phase: 'idle', mail: { total: 0 }, next: { at: null } })
  expect(before.screen.join('\n')).toContain('p:a')

  await troupe.ok('send', 'a', 'die')
  const down = await vi.waitFor(async () => {
    const found = await troupe.json<Explained>('explain', 'agent', 'a')
    expect(found.phase).toBe('backoff')
    return found
  }, patiently)
  expect(down.events).toContainEqual(expect.objectContaining({ type: 'agent.ended', data: expect.objectContaining({ code: 3 }) }))
  expect(down.next).toEqual({ what: 'it is started again', at: expect.any(Number) })
  expect(down.restarts.failures).toHaveLength(1)

  await troupe.ok('stop', 'a')
  await troupe.ok('send', 'a', 'are you there?')
  const page = await troupe.ok('explain', 'agent', 'a')
  expect(page).toContain('process ended: exit 3')
  expect(page).toContain('queued, waits for the agent to run (it is stopped)')
  expect(page).toContain('nothing until a person starts it')
  expect(page).toContain('out of')
  expect(page).not.toContain('\u001b')
})

test('the journal can be read, checked and carried away, and shows what was changed in it', async () => {
  const troupe = new Troupe(pair())
  await troupe.ok('up')
  expect(await troupe.ok('audit', 'verify')).toMatch(/^ok · \d+ lines/)
  const launched = await troupe.json<{ type: string; agent: string; seq: number }[]>('audit', 'log', '--agent', 'dev', '--type', 'agent.launched')
  expect(launched).toEqual([expect.objectContaining({ type: 'agent.launched', agent: 'hello:dev', seq: expect.any(Number) })])
  expect(await troupe.ok('audit', 'log', '--type', 'agent')).toContain('launched, process')

  const file = join(troupe.folder, 'journal.jsonl')
  await troupe.ok('audit', 'export', file)
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as { seq: number; prev: string; hash: string })
  expect(lines.map((line) => line.seq)).toEqual(lines.map((_, i) => i + 1))
  for (const [i, line] of lines.entries()) if (i > 0) expect(line.prev).toBe(lines[i - 1]?.hash)
  expect(await troupe.run('audit', 'export', file)).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') })
  expect(await troupe.run('audit', 'export', '/dev/full/x')).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be written') })
  expect(readdirSync(troupe.folder).filter((each) => each.startsWith('journal'))).toEqual(['journal.jsonl'])
  expect((await troupe.ok('audit', 'export', '-', '--since', '1h')).split('\n').length).toBeGreaterThanOrEqual(lines.length)

  await troupe.ok('daemon', 'stop')
  const database = new DatabaseSync(join(troupe.root, 'state/mailbox.db'))
  database.exec(`update events set data = '{}' where seq = 3`)
  database.close()
  const broken = await troupe.run('audit', 'verify', '--json')
  expect(broken.code).toBe(1)
  expect(JSON.parse(broken.stdout)).toMatchObject({ ok: false, seq: 3, stream: expect.any(String), why: expect.any(String) })
  expect((await troupe.run('audit', 'verify')).stderr).toContain('the journal is broken at line 3')
})

/** What somebody does who can write the database and knows how the chain is made: another past, with every hash computed anew. */
function rewrite(troupe: Troupe, head: string, keptToo: boolean): void {
  const database = new DatabaseSync(join(troupe.root, 'state/mailbox.db'))
  database.exec(`update events set data = '{"kept":${keptToo}}', type = 'nothing.happened' where type in ('agent.launched', 'nothing.happened')`)
  let prev: string | null = null
  for (const row of database.prepare('select * from events order by seq').all() as unknown as (JournalEvent & { data: string })[]) {
    prev ??= row.prev
    const hash = eventHash({ ...row, prev, data: JSON.parse(row.data) as JournalEvent['data'] })
    database.prepare('update events set prev = ?, hash = ? where seq = ?').run(prev, hash, row.seq)
    prev = hash
  }
  database.prepare('update streams set hash = ?').run(prev)
  database.close()
  const file = join(troupe.root, 'state/journal-head.json')
  if (keptToo) writeFileSync(file, readFileSync(file, 'utf8').replace(/"hash":"[0-9a-f]{64}"/, `"hash":"${prev}"`))
  expect(readFileSync(file, 'utf8').includes(prev ?? '')).toBe(keptToo)
  expect(head).not.toContain(prev)
}

test('a journal whose every hash was computed anew is caught by the file outside, and without it by the head that a person kept', async () => {
  const troupe = new Troupe(pair())
  await troupe.ok('up')
  const head = (await troupe.ok('audit', 'head')).trim()
  expect(head).toMatch(/^\S+:\d+:[0-9a-f]{64}$/)
  await troupe.ok('send', 'dev', 'more lines')
  for (const kept of [head, head.slice(-64)]) expect(await troupe.ok('audit', 'verify', '--head', kept)).toMatch(/^ok · .* and the head that was kept is one of them/)
  await troupe.ok('down')
  await troupe.ok('daemon', 'stop')
  rewrite(troupe, head, true)
  expect(await troupe.ok('audit', 'verify')).toMatch(/^ok/)
  for (const kept of [head, head.slice(-64)]) {
    expect(await troupe.run('audit', 'verify', '--head', kept)).toMatchObject({ code: 1, stderr: expect.stringContaining('no line has the hash that was kept') })
  }
  expect((await troupe.run('audit', 'verify', '--head', 'beef')).code).toBe(2)
  await troupe.ok('daemon', 'stop')
  rewrite(troupe, head, false)
  expect(await troupe.run('audit', 'verify')).toMatchObject({ code: 1, stderr: expect.stringContaining('rewritten or rolled back') })
})

test('a journal whose every hash was computed anew, with the file outside, is caught by the heads that gateways were sent', async () => {
  const hook = await new WebhookServer().start()
  onTestFinished(() => hook.stop())
  const bot = await new TelegramServer().start()
  onTestFinished(() => bot.stop())
  const interfaces = [
    { type: 'webhook', name: 'ops', config: { url: hook.url, secret_env: 'OPS_KEY', journal_head: { lines: 100 } } },
    { type: 'telegram', name: 'bot', config: { bot_token_env: 'BOT', authorized_chat_ids: [42], api_root: bot.root, journal_head: {} } },
    { type: 'webhook', name: 'unasked', config: { url: hook.url, secret_env: 'OPS_KEY' } },
  ]
  const troupe = new Troupe({ ...team({ a: {} }, { compose: { interfaces, rehearsal: 'hello' } }), '.env': `OPS_KEY=${hook.key}\nBOT=${bot.token}\n` })
  await troupe.ok('up')
  const texts = { hook: () => hook.received.map(({ text = '' }) => text), bot: () => bot.shown.map(({ text }) => text) }
  const heads = (of: keyof typeof texts): string[] => texts[of]().filter((text) => text.includes('Where the journal ends')).flatMap((text) => text.split('\n').slice(1))
  const told = async (of: keyof typeof texts, count: number): Promise<string[]> => await vi.waitFor(() => {
    expect(heads(of)).toHaveLength(count)
    return heads(of)
  }, patiently)
  const [first, shown] = [await told('hook', 1), await told('bot', 1)]
  // By the number of lines: one of them only, and its own sending is none of them.
  const { address } = await troupe.daemon()
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${readFileSync(join(troupe.root, 'state/run/operator.token'), 'utf8').trim()}` }
  for (let i = 0; i < 30; i++) expect((await fetch(`${address}/api/v1/send`, { method: 'POST', headers, body: JSON.stringify({ to: 'a', text: `more lines ${i}` }) })).status).toBe(200)
  const sent = [...first, ...shown, ...(await told('hook', 2))]
  await troupe.settled(30)
  expect([heads('hook').length, heads('bot').length]).toEqual([2, 1])
  for (const head of sent) expect(await troupe.ok('audit', 'verify', '--head', head)).toMatch(/^ok · .* and the head that was kept is one of them/)

  await troupe.ok('down')
  await troupe.ok('daemon', 'stop')
  rewrite(troupe, sent.join(' '), true)
  expect(await troupe.ok('audit', 'verify')).toMatch(/^ok/)
  // The last was sent after what is told otherwise now.
  expect(await troupe.run('audit', 'verify', '--head', sent.at(-1) ?? '')).toMatchObject({ code: 1, stderr: expect.stringContaining('no line has the hash that was kept') })
}, 240_000)
