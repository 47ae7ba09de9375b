import { mkdirSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { fakeAppServer } from '../../../test/fixtures/app-server.ts'
import { testFolder } from '../../../test/fixtures/folder.ts'
import { systemClock, type Clock } from '../../core/clock.ts'
import type { Parcel, SessionContext, Signal } from '../../core/runtime.ts'
import { codexFiles, writeLaunched } from './files.ts'
import { homeAt } from './home.ts'
import { CodexSession } from './session.ts'
import { openSocket } from './socket.ts'

const thread = { id: 't', ephemeral: false, name: 'a', path: null, cwd: '/', status: { type: 'idle' } }
const hook = { eventName: 'preToolUse', enabled: true, trustStatus: 'trusted' }
const parcel = { id: 'm', n: 7, text: '[mail #7 · from user · id m]\n<<<f00\nhello\nf00>>>', marker: 'id m', trust: 'operator', priority: 'normal', pictures: [] } as Parcel

let answers: Record<string, unknown>

beforeEach(() => {
  answers = { initialize: { userAgent: 'x' }, 'thread/loaded/list': { data: ['t'] }, 'thread/read': { thread }, 'thread/resume': { thread }, 'turn/start': { turn: { id: 'u', status: 'inProgress' } } }
})

/** Twenty times as fast. */
const haste = 20
const hasty: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now() * haste,
  after: (ms, run) => {
    const timer = setTimeout(run, ms / haste)
    return () => clearTimeout(timer)
  },
}

async function opened(clock: Clock = systemClock) {
  const folder = testFolder('codex-session-')
  const home = join(folder, 'home')
  mkdirSync(home)
  answers['hooks/list'] ??= { data: [{ hooks: [{ ...hook, key: `${homeAt(home).config}:pre_tool_use:0:0` }] }] }
  writeLaunched(codexFiles(folder), { home, session: null, holdMs: 0 })
  const server = await fakeAppServer(homeAt(home).socket, ({ method }) => answers[method])
  const terminal = { type: () => Promise.resolve(), screen: () => Promise.resolve('') }
  const session = new CodexSession({ agent: { address: 'p/a', cwd: '/', permissionMode: 'auto' }, incarnation: 'i', pid: process.pid, startedAt: Date.now(), session: null, wasReady: false, folder, host: { clock, env: {}, home, isRoot: false }, terminal } as unknown as SessionContext)
  onTestFinished(() => session.close())
  const heard: Signal[] = []
  session.subscribe((signal) => heard.push(signal))
  await vi.waitFor(() => expect(heard.map(({ type }) => type)).toContain('idle'), { timeout: 20_000 })
  return { session, server, heard }
}

const notes = (heard: Signal[]) => heard.flatMap((signal) => (signal.type === 'note' ? [signal.evidence.what] : []))

it('tells that what a turn ended without could not be given to the next one', async () => {
  const { session, server, heard } = await opened()
  server.tell('turn/started', { threadId: 't', turn: { id: 'u', status: 'inProgress' } })
  server.tell('thread/status/changed', { threadId: 't', status: { type: 'active', activeFlags: [] } })
  await vi.waitFor(() => expect(heard.map(({ type }) => type)).toContain('busy'))
  expect(await session.deliver('push', parcel)).toMatchObject({ result: 'taken' })
  answers['turn/start'] = new Error('no more turns today')
  server.tell('turn/completed', { threadId: 't', turn: { id: 'u', status: 'interrupted' } })
  await vi.waitFor(() => expect(notes(heard)).toContainEqual(expect.stringContaining('could not be sent again: no more turns today')))
})

it('gives up a connection whose server hangs, says so, and makes another', async () => {
  const { session, server, heard } = await opened(hasty)
  delete answers['turn/start']
  expect(await session.deliver('push', parcel)).toMatchObject({ result: 'refused', why: expect.stringContaining('did not answer turn/start within 20 s') })
  expect(notes(heard)).toContainEqual(expect.stringContaining('the connection to its app-server ended: it did not answer turn/start'))
  answers['turn/start'] = { turn: { id: 'u', status: 'inProgress' } }
  await vi.waitFor(async () => expect(await session.deliver('push', parcel)).toMatchObject({ result: 'taken' }), { timeout: 20_000 })
  expect(server.calls.filter(({ method }) => method === 'initialize').length).toBeGreaterThan(1)
})

it('leaves a server alone that takes the connection and greets nobody, once it is closed', async () => {
  const path = join(testFolder('codex-hangs-'), 's')
  const sockets: Socket[] = []
  const server = createServer((socket) => void sockets.push(socket.resume()))
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const over = new AbortController()
  const opening = openSocket(path, over.signal)
  await vi.waitFor(() => expect(sockets).toHaveLength(1))
  over.abort()
  await expect(opening).rejects.toThrow('nobody listens')
  await vi.waitFor(() => expect(sockets[0]!.destroyed).toBe(true))
})
