import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { systemClock, type Clock } from '../../core/clock.ts'
import { TroupeError } from '../../core/error.ts'
import type { Content, Gateway, Identity, Incoming, Polled } from '../../core/gateway.ts'
import type { GatewaySettings, Team } from '../../core/team.ts'
import { openStore } from '../../store/open.ts'
import type { Store } from '../../store/store.ts'
import { pressData } from './cards.ts'
import { Desk, type DeskParts } from './desk.ts'
import type { Opened } from './line.ts'
import { Outbox } from './outbox.ts'
import { positionKey, Receiver } from './receiver.ts'
import { Sender } from './sender.ts'

const patiently = { timeout: 30_000, interval: 10 }
const settings = { id: 'chat', type: 'telegram', manager: null, quietHours: null } as unknown as GatewaySettings
const carries = { perSecond: 1_000, perChatPerSecond: 1_000, burst: 1_000 }
/** Pauses are short. */
const hurried: Clock = { ...systemClock, after: (ms, fn) => systemClock.after(Math.min(ms, 10), fn) }
const identity: Identity = { id: 'bot', name: '@bot', warnings: [] }
const says = (text: string): Content => ({ kind: 'text', text, format: 'plain', replyTo: null, buttons: [] })

let folder: string
let store: Store
let running: Promise<void>[]
let ending: AbortController
let troubles: unknown[]
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lines-'))
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock: systemClock })
  ;[running, ending, troubles] = [[], new AbortController(), []]
})
afterEach(async () => {
  vi.restoreAllMocks()
  ending.abort()
  await Promise.all(running)
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

async function queue(...texts: string[]): Promise<void> {
  const outbox = new Outbox(systemClock)
  await store.write(async (tx) => {
    for (const text of texts) await outbox.put(tx, { key: text, gateway: 'chat', chat: '7', content: says(text), urgency: 'ordinary' })
  })
}

/** Takes rows out through a platform that only notes them. */
function sender(send: Gateway['send'], prepare: (content: Content) => Content = (content) => content, quietHours: GatewaySettings['quietHours'] = null): void {
  const gateway = { type: 'telegram', carries, send } as unknown as Gateway
  const parts = { settings: { ...settings, quietHours }, gateway, chats: ['7'], users: [], store, clock: systemClock, sent: async () => undefined, failed: async () => undefined, trouble: (error: unknown) => void troubles.push(error) }
  running.push(new Sender({ ...parts, prepare: async (row) => prepare(row.content) }).run(ending.signal))
}

it('tells people a thing once, also where the store takes no word of it for a while', async () => {
  const told: string[] = []
  await queue('hello')
  sender(async ({ content }, progress) => {
    if (progress.done > 0) return
    told.push(content.kind === 'text' ? content.text : '')
    vi.spyOn(store, 'write').mockRejectedValueOnce(new TroupeError('unavailable', 'the disk is full')).mockRejectedValueOnce(new TroupeError('unavailable', 'the disk is full'))
    await progress.part('100')
  })
  await vi.waitFor(async () => expect(await store.read((db) => db.outbox.byKey('hello'))).toMatchObject({ state: 'sent', platformId: '100', parts: 1 }), patiently)
  expect(told).toEqual(['hello'])
  expect(troubles).not.toEqual([])
})

it('T19: gives up what cannot be shown, and goes on with what comes after it', async () => {
  const told: string[] = []
  await queue('bad', 'good')
  sender(
    async ({ content }) => void told.push(content.kind === 'text' ? content.text : ''),
    (content) => {
      if (content.kind === 'text' && content.text === 'bad') throw new SyntaxError('not what it was')
      return content
    },
  )
  await vi.waitFor(() => expect(told).toEqual(['good']), patiently)
  expect((await store.read((db) => db.outbox.byKey('bad')))?.state).toBe('failed')
})

it('answers a person in quiet hours, however much they hold before the answer', async () => {
  const [told, minute] = [[] as string[], new Date().getUTCHours() * 60 + new Date().getUTCMinutes()]
  await queue(...Array.from({ length: 600 }, (_, n) => `later ${n}`))
  await store.write(async (tx) => void (await new Outbox(systemClock).put(tx, { key: 'answer', gateway: 'chat', chat: '7', content: says('now'), urgency: 'answer' })))
  const quiet = { from: (minute + 1380) % 1440, to: (minute + 120) % 1440, timezone: 'UTC', approvals: 'silent' } as const
  sender(async ({ content }) => void told.push(content.kind === 'text' ? content.text : ''), undefined, quiet)
  await vi.waitFor(() => expect(told).toEqual(['now']), patiently)
})

const file = (position: number): Incoming => ({
  ...{ position, key: String(position), chat: { id: '7', kind: 'private' }, user: { id: '7', name: 'P' } },
  did: { kind: 'file', file: { ref: 'f', name: 'a.txt', bytes: 1 }, caption: '', message: '1', replyTo: null, forwarded: false },
})
const text = (position: number): Incoming => ({ ...file(position), did: { kind: 'text', text: '/nothing', message: '2', replyTo: null, forwarded: false } })

/** Hears these from a platform whose files cannot be had as `download` says. */
function receiver(all: Incoming[], download: Polled['download'], around: Partial<DeskParts> = {}): void {
  const inbound: Polled = {
    by: 'poll',
    receive: async (position, signal) => {
      // As Telegram: a question for what comes after the last of all is answered from the first on.
      const last = Math.max(...all.map((each) => each.position))
      const some = all.filter((each) => each.position > (position > last + 10 ? 0 : position))
      if (some.length > 0) return some
      return await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('closed'))))
    },
    answer: async () => undefined,
    menu: async () => undefined,
    download,
  }
  const opened: Opened = { settings, gateway: { type: 'telegram', inbound } as unknown as Gateway, chats: ['7'], users: [] }
  const desk = new Desk({ store, clock: hurried, outbox: new Outbox(systemClock), team: () => ({ attachments: { maxSizeBytes: 9 } }) as unknown as Team, report: () => undefined, ...around } as unknown as DeskParts)
  const handle = async (incoming: Incoming, who: Identity, until: AbortSignal) => await desk.handle(opened, who, incoming, until)
  const lost = async (incoming: Incoming, who: Identity, error: unknown) => await desk.lost(opened, who, incoming, error)
  const parts = { store, clock: hurried, inbound, gateway: 'chat', type: 'telegram', identify: async () => identity, handle, lost, connected: () => undefined }
  running.push(new Receiver({ ...parts, trouble: () => undefined, report: () => undefined }).run(ending.signal))
}

it('T19: says so of a file that the platform does not give, and hears what was said after it', async () => {
  receiver([file(1), text(2)], async () => await Promise.reject(new TroupeError('unavailable', 'Telegram gave no file (500)')))
  await vi.waitFor(async () => expect(await store.read((db) => db.outbox.queued('chat', 9))).toHaveLength(2), patiently)
  const words = (await store.read((db) => db.outbox.queued('chat', 9))).map(({ content }) => (content.kind === 'text' ? content.text : ''))
  expect(words[0]).toContain('the file could not be fetched: Telegram gave no file (500). Try: send it again')
  expect(words[1]).toContain('There is no command /nothing')
})

it('hears people again after the platform numbers what they say anew, as Telegram does after a week without news', async () => {
  await store.write(async (tx) => await tx.settings.put(positionKey('telegram', identity), 727_334_707))
  receiver([text(117_314_199), text(117_314_200)], async () => new Uint8Array())
  await vi.waitFor(async () => expect(await store.read((db) => db.settings.get(positionKey('telegram', identity)))).toBe(117_314_200), patiently)
  expect(await store.read((db) => db.outbox.queued('chat', 9))).toHaveLength(2)
})

it('says so of what cannot be done for as long as something is away, and hears what was said after it', async () => {
  const away = async () => await Promise.reject(new TroupeError('unavailable', 'the audit log cannot be written'))
  const team = () => ({ attachments: { maxSizeBytes: 9 }, gateways: [], projects: [] }) as unknown as Team
  receiver([{ ...text(1), did: { ...text(1).did, text: '/cost' } as Incoming['did'] }, text(2)], async () => new Uint8Array(), { team, operate: away })
  await vi.waitFor(async () => expect(await store.read((db) => db.outbox.queued('chat', 9))).toHaveLength(2), patiently)
  const words = (await store.read((db) => db.outbox.queued('chat', 9))).map(({ content }) => (content.kind === 'text' ? content.text : ''))
  expect(words[0]).toContain('That may not have been done: the audit log cannot be written.')
  expect(words[1]).toContain('There is no command /nothing')
  expect(await store.read((db) => db.events.recent({ type: 'chat.lost', limit: 9 }))).toMatchObject([{ data: { why: 'the audit log cannot be written' } }])
})

it('takes no command from what a person only passes on: it is mail, as whatever else is forwarded', async () => {
  const asked: string[] = []
  const team = () => ({ attachments: { maxSizeBytes: 9 }, gateways: [], projects: [] }) as unknown as Team
  const operate = async (_who: string, name: string) => (asked.push(name), await Promise.reject(new TroupeError('failed', 'it was asked for')))
  const said = (position: number, forwarded: boolean): Incoming => ({ ...text(position), did: { kind: 'text', text: '/approve 1', message: '2', replyTo: null, forwarded } })
  receiver([said(1, true), said(2, false)], async () => new Uint8Array(), { team, operate: operate as DeskParts['operate'] })
  await vi.waitFor(async () => expect(await store.read((db) => db.outbox.queued('chat', 9))).toHaveLength(2), patiently)
  const words = (await store.read((db) => db.outbox.queued('chat', 9))).map(({ content }) => (content.kind === 'text' ? content.text : ''))
  expect(words).toEqual([expect.stringContaining('To whom?'), 'it was asked for'])
  expect(asked).toEqual(['approval.show'])
})

it('gives a file one stretch of time, whatever it is tried: /stop may wait behind it', async () => {
  const timeout = AbortSignal.timeout.bind(AbortSignal)
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(10))
  let tried = 0
  const stuck: Polled['download'] = async (_file, _limit, signal) => {
    tried += 1
    return await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new TroupeError('unavailable', 'cut short'))))
  }
  receiver([file(1), text(2)], stuck)
  await vi.waitFor(async () => expect(await store.read((db) => db.outbox.queued('chat', 9))).toHaveLength(2), patiently)
  expect(tried).toBe(1)
})

it('stops whoever is still in the team, and hears people while a turn comes to its end', async () => {
  const asked: unknown[] = []
  const operate = async (_who: string, _name: string, input: unknown) => (asked.push(input), await new Promise<never>(() => undefined))
  const agents = [{ address: 'p:a' }, { address: 'p:b' }]
  const team = () => ({ attachments: { maxSizeBytes: 9 }, gateways: [], projects: [{ agents }] }) as unknown as Team
  const content = { ...says('Stop p:a, p:gone? They stay stopped until they are started again.') }
  const row = await store.write(async (tx) => await new Outbox(systemClock).put(tx, { key: 'stop', gateway: 'chat', chat: '7', content, urgency: 'answer', nonce: 'n' }))
  const press: Incoming = { ...text(1), did: { kind: 'press', press: 'p', data: pressData('s', row!, 'stop'), message: null } }
  receiver([press, text(2)], async () => new Uint8Array(), { team, operate: operate as unknown as DeskParts['operate'] })
  await vi.waitFor(async () => expect(await store.read((db) => db.outbox.queued('chat', 9))).toHaveLength(2), patiently)
  expect(asked).toEqual([{ agents: ['p:a'] }])
})

it('waits for no download when it closes', async () => {
  const begun = Promise.withResolvers<void>()
  receiver([file(1)], async (_file, _limit, signal) => {
    begun.resolve()
    return await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new TroupeError('unavailable', 'cut short'))))
  })
  await begun.promise
  ending.abort()
  expect(await Promise.all(running)).toHaveLength(1)
})
