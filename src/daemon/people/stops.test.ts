import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { noBudget } from '../../core/limits.ts'
import type { JournalEvent } from '../../core/event.ts'
import type { Team } from '../../core/team.ts'
import { openStore } from '../../store/open.ts'
import type { Store } from '../../store/store.ts'
import type { Opened } from './line.ts'
import { Outbox } from './outbox.ts'
import { Stops } from './stops.ts'

let folder: string
let store: Store
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stops-'))
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock: systemClock })
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

const gateways = [{ id: 'chat', manager: null }]
const team = { gateways, budget: { ...noBudget, timezone: 'Asia/Tokyo' }, projects: [{ id: 'p', agents: ['a', 'b'].map((id) => ({ address: `p:${id}`, id, project: 'p', reportsTo: null })) }] } as unknown as Team
const stops = () => new Stops({ store, outbox: new Outbox(systemClock), team: () => team, lines: () => [{ settings: gateways[0], chats: ['7'] } as unknown as Opened] })
const stopped = { rule: 'budget.daily_usd_limit (team-compose.yaml:7)', scope: 'team', id: 'team', period: 'day', limit: '0.50', spent: '0.73', over: '0.23' }

it('people in the chat hear of a stop once, however many agents it is of, also when the daemon that was to tell it died', async () => {
  await store.write(async (tx) => {
    for (const agent of ['p:a', 'p:b']) await tx.journal({ type: 'budget.stopped', subject: agent, agent, data: stopped })
    await tx.journal({ type: 'breaker.tripped', subject: 'p:b', agent: 'p:b', data: { rule: 'breakers.calls_without_work', why: '201 model calls' } })
    await tx.journal({ type: 'budget.allowed', subject: 'team', agent: null, data: {} })
  })
  const events = (await store.read((db) => db.events.recent({ limit: 99 }))).filter(({ type }) => Stops.concerns(type))
  for (const event of events.slice(0, 2)) await stops().tell(event)
  await stops().catchUp(systemClock.now())
  const queued = await store.read((db) => db.outbox.queued('chat', 9))
  expect(queued.map(({ chat, content }) => [chat, content.kind === 'text' ? content.text : content.kind])).toEqual([
    ['7', '⛔ The team is stopped: $0.73 of $0.50 spent (budget.daily_usd_limit (team-compose.yaml:7)), $0.23 over it. More for today: troupe budget allow'],
    ['7', '⛔ p:b is stopped: 201 model calls (breakers.calls_without_work). troupe start p:b lets it go on'],
  ])
})

it('tells of the same limit anew on the next day, as the team counts days, and of each run', async () => {
  const event = (at: string, data: Record<string, unknown>) => ({ type: 'budget.stopped', subject: 'p:a', agent: 'p:a', at: Date.parse(at), data }) as unknown as JournalEvent
  const run = { ...stopped, scope: 'agent', id: 'p:a', period: 'run' }
  // At three in the afternoon in UTC the next day begins there.
  const events = [event('2026-11-21T10:00:00Z', stopped), event('2026-11-21T11:00:00Z', stopped), event('2026-11-21T20:00:00Z', stopped), event('2026-11-21T10:00:00Z', run), event('2026-11-21T11:00:00Z', run)]
  for (const each of events) await stops().tell(each)
  expect(await store.read((db) => db.outbox.queued('chat', 9))).toHaveLength(4)
})

it('says what a hook of a provider’s limit says, once for each hit', async () => {
  await store.write(async (tx) => {
    for (const hit of ['h1', 'h1', 'h2']) await tx.journal({ type: 'limit.told', subject: hit, agent: 'p:a', data: { hook: 'tell', text: `out: ${hit}` } })
    await tx.journal({ type: 'limit.hit', subject: 'h3', agent: 'p:a', data: {} })
  })
  await stops().catchUp(systemClock.now())
  await stops().catchUp(systemClock.now())
  const queued = await store.read((db) => db.outbox.queued('chat', 9))
  expect(queued.map(({ content }) => (content.kind === 'text' ? content.text : ''))).toEqual(['out: h1', 'out: h2'])
})
