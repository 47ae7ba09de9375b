import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock as clock } from '../../core/clock.ts'
import { TroupeError } from '../../core/error.ts'
import type { Agent, Team } from '../../core/team.ts'
import { openStore } from '../../store/open.ts'
import type { Store } from '../../store/store.ts'
import type { Chains } from '../chains.ts'
import { Outbox } from './outbox.ts'
import type { People } from './people.ts'
import { run } from '../../util/spawn.ts'
import { Replies } from './replies.ts'

let folder: string
let store: Store
let replies: Replies
let lead: Agent
let off: string[]
let gateways: { id: string; type: string; manager: string | null }[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'replies-'))
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock })
  lead = { address: 'p:lead', id: 'lead', project: 'p', role: 'manager', cwd: folder } as Agent
  gateways = [{ id: 'g', type: 'telegram', manager: 'p:lead' }]
  off = []
  const opened = (id: string) => {
    if (off.includes(id)) throw new TroupeError('unavailable', `the gateway ${id} is not open: KEY is not set`)
    return { settings: { id, type: 'telegram' }, chats: ['42', '43'], users: [] }
  }
  const people = { ready: () => Promise.resolve(), opened } as unknown as People
  const chains = { taint: () => [] } as unknown as Chains
  const team = () => ({ gateways, limits: { messageBytes: 100 } }) as unknown as Team
  mkdirSync(join(folder, 'run'))
  replies = new Replies({ store, clock, outbox: new Outbox(clock), people, chains, team, outgoing: join(folder, 'outgoing'), secret: join(folder, 'run') })
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

const rows = () => store.read((db) => db.outbox.queued('g', 99))

it('puts text, image and file into the outbox in that order, with a copy of each file as it is now', async () => {
  const path = join(folder, 'plan.png')
  writeFileSync(path, 'first')
  const sent = await replies.reply(lead, { text: 'hi', image: { source: 'path', value: 'plan.png', caption: 'look' }, file: { source: 'url', value: 'https://x.example/y' } })
  writeFileSync(path, 'second')
  expect(sent).toEqual({ id: 1, ids: [1, 2, 3], recipient: 'user:telegram' })
  const [text, image, file] = await rows()
  expect([text?.content, text?.chat, text?.urgency]).toEqual([{ kind: 'text', text: 'hi\n\n— p:lead #1', format: 'markdown', replyTo: null, buttons: [] }, '42', 'ordinary'])
  expect(image?.content).toMatchObject({ kind: 'file', as: 'image', caption: 'look\n\n— p:lead #2', source: { name: 'plan.png' } })
  expect(readFileSync((image!.content as { source: { path: string } }).source.path, 'utf8')).toBe('first')
  expect(file?.content).toMatchObject({ kind: 'file', as: 'file', source: { url: 'https://x.example/y' } })
})

it('refuses what teamctl’s agents know as refused, and makes no row', async () => {
  const named = (value: string, source: 'path' | 'url' = 'path') => ({ source, value })
  for (const [name, bytes] of [['run/operator.token', 1], ['note.txt', 1], ['huge.png', 50 * 1024 * 1024 + 1]] as const) {
    writeFileSync(join(folder, name), 'x')
    truncateSync(join(folder, name), bytes)
  }
  await expect(replies.reply({ ...lead, role: 'worker' }, { text: 'x' })).rejects.toThrow('reply_to_user: only managers can reply to the user (caller=p:lead)')
  await expect(replies.reply(lead, { text: ' ' })).rejects.toThrow('at least one of `text`, `image`, `file` must be set')
  await expect(replies.reply(lead, { text: 'x'.repeat(101) })).rejects.toMatchObject({ code: 'too_large' })
  await expect(replies.reply(lead, { file: named('gone') })).rejects.toThrow('path not readable (gone: ENOENT)')
  await expect(replies.reply(lead, { file: named('.') })).rejects.toThrow('not a regular file')
  // Opening it plainly would wait for a writer for ever.
  await run(['mkfifo', join(folder, 'pipe')])
  await expect(replies.reply(lead, { file: named('pipe') })).rejects.toThrow('not a regular file')
  await expect(replies.reply(lead, { file: named('run/operator.token') })).rejects.toThrow('it holds secrets')
  await expect(replies.reply(lead, { image: named('note.txt') })).rejects.toThrow('jpg, jpeg, png, webp, gif')
  await expect(replies.reply(lead, { image: named('huge.png') })).rejects.toThrow('too large (52428801 bytes); 50MB cap per file')
  await expect(replies.reply(lead, { file: named('file:///etc/passwd', 'url') })).rejects.toThrow('url must begin with')
  await expect(replies.react({ ...lead, role: 'worker' }, { telegram_msg_id: 1, emoji: '👍' })).rejects.toMatchObject({ code: 'denied' })
  await expect(replies.react(lead, { telegram_msg_id: 1, emoji: '🍕' })).rejects.toThrow('is not in the allowlist')
  await expect(replies.react(lead, { telegram_msg_id: 1, emoji: '👍' })).rejects.toMatchObject({ code: 'unknown' })
  gateways = []
  await expect(replies.reply(lead, { text: 'x' })).rejects.toThrow('nobody can be reached')
  expect(await rows()).toEqual([])
})

it('reacts to and answers a message of the person where it is', async () => {
  const outside = { gateway: 'g', type: 'telegram', chat: '43', message: '77', user: '42', name: 'Ann' }
  const draft = { id: 'm', from: 'user', to: 'p:lead', project: 'p', text: 'do', threadId: null, priority: 'normal', trust: 'operator', key: null, chain: 'm', hop: 0, taint: [], control: null, sentAt: 1, outside } as const
  const asked = await store.write((tx) => tx.messages.insert({ ...draft, taint: [] }, ['p:lead']))
  expect(await replies.react(lead, { telegram_msg_id: 77, emoji: '❤️' })).toMatchObject({ recipient: 'user:telegram', telegram_msg_id: 77, emoji: '❤️' })
  await replies.reply(lead, { text: 'done', reply_to_message_id: asked.n })
  expect(await rows()).toMatchObject([{ chat: '43', content: { kind: 'reaction', message: '77', emoji: '❤' } }, { chat: '43', content: { kind: 'text', replyTo: '77' } }])
})

it('tells people by the ways that are open, and refuses where none is', async () => {
  gateways = [{ id: 'g', type: 'telegram', manager: null }, { id: 'hook', type: 'webhook', manager: null }]
  off = ['hook']
  expect(await replies.reply(lead, { text: 'hi' })).toMatchObject({ recipient: 'user:telegram' })
  expect(await rows()).toMatchObject([{ gateway: 'g', chat: '42' }])
  off = ['g', 'hook']
  await expect(replies.reply(lead, { text: 'hi' })).rejects.toThrow('the gateway g is not open: KEY is not set')
})
