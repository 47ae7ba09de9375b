import { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { ask } from '../fixtures/ask.ts'
import { liveDaemon, type LiveDaemon } from '../fixtures/live-daemon.ts'

const hour = 3_600_000

let live: LiveDaemon
let now: number
let timers: { at: number; fn: () => void }[]

beforeEach(async () => {
  now = Date.now()
  timers = []
  // Long waits are told, so that a test can see when the janitor comes next; nothing waits for them.
  const after = (ms: number, fn: () => void): (() => void) => (ms >= 60_000 && timers.push({ at: now + ms, fn }), systemClock.after(ms, fn))
  live = await liveDaemon({ files: { allowed_roots: [] }, clock: { ...systemClock, now: () => now, after }, limits: { requests_per_second: 10_000, requests_at_once: 1_000 } })
})

afterEach(async () => {
  expect(live.reports).toEqual([])
  await live.close()
})

interface Answered { status: number; id: number; messages: { id: number }[]; events: { type: string; at: number; data: Record<string, unknown> }[]; error: { code: string; message: string } }

async function call(who: string, operation: string, body: unknown = {}): Promise<Answered> {
  const token = who === 'operator' ? live.operatorToken : live.agents[who]?.token ?? ''
  const { status, text } = await ask(live.url, `/api/v1/${operation}`, { token, body })
  return { ...(JSON.parse(text) as Answered), status }
}

const gc = (more: object = {}) => call('operator', 'gc', more)
const dm = async (text: string, attachments: string[] = []) => (await call('ada', 'dm', { to: 'bob', text, attachments })).id
const ack = (...ids: number[]) => call('bob', 'inbox_ack', { ids })
const kept = () => readdirSync(join(live.root, 'state', 'attachments')).length
const nothing = { messages: 0, approvals: 0, bridges: 0, files: 0, bytes: 0, worktrees: 0, homes: 0 }

function put(name: string, content: string): string {
  writeFileSync(join(live.root, name), content)
  return name
}

it('removes what is acknowledged and old with its files, as a dry run said, and never what is not acknowledged', async () => {
  const [both, mine] = [put('both', 'both'), put('mine', 'mine')]
  await ack(await dm('old', [both, mine]), await dm('old too'))
  await dm('not acknowledged', [both])
  writeFileSync(join(live.root, 'state', 'attachments', '.part-left-over'), 'cut')
  expect(await gc({ dryRun: true })).toMatchObject({ ...nothing, dryRun: true })
  now += 72 * hour + 1
  await ack(await dm('young'))
  const would = await gc({ dryRun: true })
  expect(would).toMatchObject({ messages: 2, files: 2, bytes: 7 })
  expect(kept()).toBe(3)
  const done = await gc()
  expect(done).toEqual({ ...would, dryRun: false })
  expect(await gc()).toMatchObject(nothing)
  expect(kept()).toBe(1)
  const left = (await call('bob', 'inbox_peek')).messages
  expect(left.map(({ id }) => id)).toEqual([3])
  expect(await call('bob', 'read_attachment', { id: 3 })).toMatchObject({ status: 200 })
  expect(await call('operator', 'audit.verify')).toMatchObject({ ok: true })
  const runs = (await call('operator', 'events')).events.filter(({ type }) => type === 'gc.done')
  expect(runs.map(({ data }) => [data['messages'], data['files']])).toEqual([[2, 2], [0, 0]])
})

it('removes what an agent CLI kept for agents that left the team, long after its last use, and nothing of anybody else', async () => {
  const homes = join(live.root, '.troupe', 'codex')
  const login = put('auth.json', 'secret')
  const made = (name: string, mark: object | null, age: number): void => {
    mkdirSync(join(homes, name, 'sessions'), { recursive: true })
    writeFileSync(join(homes, name, 'sessions', 'talk.jsonl'), '{}')
    if (mark !== null) writeFileSync(join(homes, name, 'troupe.json'), JSON.stringify(mark))
    symlinkSync(join(live.root, login), join(homes, name, 'auth.json'))
    for (const each of readdirSync(join(homes, name)).filter((entry) => entry !== 'auth.json')) utimesSync(join(homes, name, each), (now - age) / 1000, (now - age) / 1000)
  }
  const gone = { root: live.root, address: 'p:gone' }
  made('00000001', gone, 0)
  made('00000002', { root: live.root, address: 'p:ada' }, 0)
  made('00000003', { root: '/elsewhere', address: 'p:gone' }, 0)
  made('00000004', null, 0)
  made('00000005', { root: live.root, address: '../..' }, 0)
  made('notes', gone, 0)
  mkdirSync(join(live.root, 'precious'))
  writeFileSync(join(live.root, 'precious', 'troupe.json'), JSON.stringify(gone))
  symlinkSync(join(live.root, 'precious'), join(homes, '00000006'))
  expect(await gc()).toMatchObject(nothing)
  now += 72 * hour + 60_000
  made('00000007', gone, hour)
  expect([(await gc({ dryRun: true, project: 'p' })) as object, (await gc({ dryRun: true })) as object]).toMatchObject([{ homes: 1 }, { homes: 2 }])
  expect(await gc()).toMatchObject({ homes: 2 })
  expect(readdirSync(homes).toSorted()).toEqual(['00000002', '00000003', '00000004', '00000006', '00000007', 'notes'])
  expect([existsSync(join(live.root, login)), existsSync(join(live.root, 'precious', 'troupe.json'))]).toEqual([true, true])
})

it('a message that is gone is told of as such', async () => {
  const id = await dm('words')
  const [row] = Object.values(await call('operator', 'mail')) as unknown as { id: string }[]
  await ack(id)
  now += 73 * hour
  await gc()
  const when = new Date(now).toISOString()
  for (const name of [String(id), row?.id]) {
    expect(await call('operator', 'explain.message', { id: name })).toMatchObject({ status: 404, error: { message: `message ${name} is not there any more: removed by gc at ${when}`, facts: { removedAt: now } } })
  }
  expect((await call('operator', 'explain.message', { id: '99' })).error.message).toBe('there is no message 99')
})

it('is of one project if asked, and knows which there are', async () => {
  await ack(await dm('x'))
  now += 73 * hour
  expect(await gc({ project: 'q' })).toMatchObject({ status: 404, error: { code: 'unknown' } })
  expect(await gc({ project: 'p' })).toMatchObject({ messages: 1 })
})

it('lets sends go on, loses none of them, and runs one at a time', async () => {
  const many = await Promise.all(Array.from({ length: 450 }, (_, n) => dm(`old ${n}`)))
  await ack(...many)
  now += 73 * hour
  const [first, second, ...sent] = await Promise.all([gc(), gc(), ...Array.from({ length: 100 }, (_, n) => dm(`new ${n}`))])
  expect([first.messages, second.messages]).toEqual([450, 0])
  expect((await call('bob', 'inbox_peek', { limit: 100 })).messages.map(({ id }) => id)).toEqual((sent as number[]).toSorted((a, b) => a - b))
})

it('comes by itself, on a schedule of its own, and is soon there when it was overdue', async () => {
  await live.daemon.start()
  const next = (): number => (timers.find(({ fn }) => String(fn).includes('sweep'))?.at ?? 0) - now
  expect(next()).toBe(60_000)
  await ack(await dm('x'))
  now += 73 * hour
  timers.find(({ fn }) => String(fn).includes('sweep'))?.fn()
  await vi.waitFor(async () => expect((await call('operator', 'events')).events.filter(({ type }) => type === 'gc.done')).toHaveLength(1), { timeout: 30_000 })
  await vi.waitFor(() => expect(timers.filter(({ fn }) => String(fn).includes('sweep'))).toHaveLength(2), { timeout: 30_000 })
  const due = new Date(timers.findLast(({ fn }) => String(fn).includes('sweep'))?.at ?? 0)
  expect([due.getUTCMinutes(), due.getUTCHours() % 6]).toEqual([17, 0])
})
