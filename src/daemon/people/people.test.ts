import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as whole } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { WebhookServer } from '../../../test/fixtures/webhook.ts'
import { systemClock, type Clock } from '../../core/clock.ts'
import { TroupeError } from '../../core/error.ts'
import type { GatewaySettings, Team } from '../../core/team.ts'
import { openStore } from '../../store/open.ts'
import type { Store } from '../../store/store.ts'
import { Outbox } from './outbox.ts'
import { People, type PeopleParts } from './people.ts'

const patiently = { timeout: 30_000, interval: 10 }
/** Nobody listens there. */
const nowhere = 'http://127.0.0.1:9'
/** Pauses are short. */
const clock: Clock = { ...systemClock, after: (ms, fn) => systemClock.after(Math.min(ms, 10), fn) }
const common = { manager: null, urlEnv: null, chatsEnv: null, users: [], usersEnv: null, quietHours: null, journalHead: null }
const bot = (id: string): GatewaySettings => ({ ...common, id, type: 'telegram', secretEnv: 'TOKEN', url: nowhere, chats: ['7'] })

let folder: string
let store: Store
let people: People
let hook: WebhookServer
let team: Team
let reports: string[]
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'people-'))
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock: systemClock })
  hook = await new WebhookServer().start()
  reports = []
  const parts = {
    ...{ store, clock, outbox: new Outbox(clock), team: () => team, known: () => true, values: () => ({ TOKEN: '1:AAA', KEY: hook.key }) },
    ...{ report: (what: string) => void reports.push(what), done: async () => undefined, tell: async () => undefined },
  }
  people = new People(parts as unknown as PeopleParts)
})
afterEach(async () => {
  vi.restoreAllMocks()
  await people.stop()
  await hook.stop()
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

function teamOf(...gateways: GatewaySettings[]): void {
  team = { name: 't', gateways, projects: [], budget: { timezone: 'UTC' } } as unknown as Team
}

const posts = (): GatewaySettings => ({ ...common, id: 'webhook ops', type: 'webhook', secretEnv: 'KEY', url: hook.url, chats: ['webhook'] })

async function say(key: string): Promise<void> {
  const content = { kind: 'text', text: key, format: 'plain', replyTo: null, buttons: [] } as const
  await store.write(async (tx) => void (await new Outbox(clock).put(tx, { key, gateway: 'webhook ops', chat: 'webhook', content: { ...content, buttons: [] }, urgency: 'ordinary' })))
}

it('opens a gateway that was off for another that had its bot, once that one is gone', async () => {
  teamOf(bot('telegram a'), bot('telegram b'))
  await people.start()
  expect(() => people.opened('telegram b')).toThrow('the same bot as that of telegram a')
  teamOf(bot('telegram b'))
  await people.refresh()
  expect(people.opened('telegram b').chats).toEqual(['7'])
})

it('tells people later what the store let it not tell at first', async () => {
  let away = false
  store.subscribe((events) => void (away ||= events.some(({ type }) => type === 'budget.unpriced')))
  teamOf(posts())
  await people.start()
  const write = store.write.bind(store)
  vi.spyOn(store, 'write').mockImplementation(async (work) => (away ? await Promise.reject(new TroupeError('unavailable', 'the database is away')) : await write(work)))
  await store.write(async (tx) => void (await tx.journal({ type: 'budget.unpriced', subject: 'p:a', agent: 'p:a', data: { model: 'm', day: 'today', rule: 'r' } })))
  await vi.waitFor(() => expect(reports).toContain('telling of a stop'), patiently)
  expect(hook.received).toEqual([])
  away = false
  await vi.waitFor(() => expect(hook.received).toMatchObject([{ text: expect.stringContaining('The price of') }]), patiently)
})

it('tells who looks that what was last to go out never did, until something goes out again', async () => {
  teamOf(posts())
  await people.start()
  await vi.waitFor(async () => expect((await people.rows())[0]?.state.name).toBe('on'), patiently)
  hook.faults.push(404)
  await say('one')
  await vi.waitFor(async () => expect((await people.rows())[0]).toMatchObject({ refused: { why: 'the webhook answered 404' }, queued: 0 }), patiently)
  await say('two')
  await vi.waitFor(async () => expect((await people.rows())[0]).toMatchObject({ state: { name: 'on' }, refused: null }), patiently)
  expect(hook.received.map(({ text }) => text)).toEqual(['two'])
})

it('takes a webhook that takes messages for connected, also where it does not know what a ping is', async () => {
  const plain = createServer((request, response) => void whole(request).then((body) => response.writeHead(body.includes('"ping"') ? 404 : 200).end()))
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  try {
    teamOf({ ...posts(), url: `http://127.0.0.1:${(plain.address() as AddressInfo).port}` })
    await people.start()
    for (const key of ['one', 'two', 'three', 'four', 'five']) {
      await say(key)
      await vi.waitFor(async () => expect(await store.read((db) => db.outbox.byKey(key))).toMatchObject({ state: 'sent' }), patiently)
    }
    await vi.waitFor(async () => expect((await people.rows())[0]?.state.name).toBe('on'), patiently)
    const lines = await store.read((db) => db.events.recent({ type: 'gateway', limit: 99 }))
    expect(lines.filter(({ type }) => type === 'gateway.on')).toHaveLength(1)
  } finally {
    plain.closeAllConnections()
    plain.close()
  }
})
