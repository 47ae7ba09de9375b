import { mkdirSync, realpathSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import { testFolder } from '../../../test/fixtures/folder.ts'
import { systemClock, type Clock } from '../../core/clock.ts'
import type { SessionContext, Signal } from '../../core/runtime.ts'
import type { Message } from './client.ts'
import { opencodeFiles, prepareFolder, writeDoor } from './files.ts'
import { OpencodeSession } from './session.ts'

const authorization = `Basic ${Buffer.from('opencode:secret').toString('base64')}`
const at = { created: Date.now(), completed: Date.now() }
const told: Message[] = [
  { info: { id: 'msg_1', role: 'user', time: at }, parts: [{ id: 'prt_1', type: 'text', text: 'do it' }] },
  { info: { id: 'msg_2', role: 'assistant', parentID: 'msg_1', time: at, finish: 'stop', providerID: 'p', modelID: 'm' }, parts: [{ id: 'prt_2', type: 'text', text: 'It is done.' }] },
]

/** OpenCode's API as far as a session asks for it, that can be slow to tell of the conversation. */
async function fakeOpencode(directory: string) {
  const api = { messages: [] as Message[], holds: false, status: 'idle', open: [] as object[], holdsQuestions: false, looks: 0, held: [] as (() => void)[], tell: (_event: object): void => undefined }
  const answers: Record<string, () => unknown> = {
    '/path': () => ({ directory }), '/session': () => [], '/session/ses_1': () => ({ id: 'ses_1', directory }), '/permission': () => api.open, '/question': () => [],
    '/session/status': () => ((api.looks += 1), { ses_1: { type: api.status } }),
  }
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x')
    const send = (body: unknown): void => void response.end(JSON.stringify(body))
    if (request.headers.authorization !== authorization) return void response.writeHead(401).end()
    if (pathname === '/event') return listening(response)
    if (pathname === '/question' && api.holdsQuestions) return void api.held.push(() => send([]))
    if (pathname !== '/session/ses_1/message') return send(answers[pathname]?.() ?? null)
    if (api.holds) api.held.push(() => send(api.messages))
    else send(api.messages)
  })
  const listening = (response: ServerResponse): void => {
    response.writeHead(200).flushHeaders()
    api.tell = (event) => void response.write(`data: ${JSON.stringify(event)}\n\n`)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { api, port: (server.address() as AddressInfo).port }
}

/** A minute in a second. */
const hasty: Clock = { now: () => Date.now(), elapsed: () => performance.now() * 60, after: (ms, run) => systemClock.after(ms / 60, run) }

/** A session that was adopted and has said that it is idle. */
async function opened({ clock = systemClock, permissionMode = 'auto' }: { clock?: Clock; permissionMode?: string } = {}) {
  const folder = testFolder('opencode-session-')
  const cwd = realpathSync(folder)
  const { api, port } = await fakeOpencode(cwd)
  const files = opencodeFiles(folder)
  mkdirSync(files.folder, { recursive: true })
  prepareFolder(files)
  writeDoor(files, { incarnation: 'i', port, password: 'secret', model: null, session: 'ses_1' })
  const session = new OpencodeSession({ agent: { address: 'p:a', cwd, permissionMode }, incarnation: 'i', pid: process.pid, startedAt: 0, session: 'ses_1', wasReady: true, folder, host: { clock, env: {}, home: folder, isRoot: false }, terminal: {} } as unknown as SessionContext)
  onTestFinished(() => session.close())
  const heard: Signal[] = []
  session.subscribe((signal) => heard.push(signal))
  const types = () => heard.map(({ type }) => type)
  const status = (type: string): void => {
    api.status = type
    api.tell({ type: 'session.status', properties: { sessionID: 'ses_1', status: { type } } })
  }
  await vi.waitFor(() => expect(types()).toEqual(['session', 'ready', 'idle']), { timeout: 10_000 })
  return { api, session, types, status }
}

it('tells the end of a turn once what was said in it is read, however slow that is', async () => {
  const { api, types, status } = await opened()
  status('busy')
  await vi.waitFor(() => expect(types()).toContain('busy'))
  api.holds = true
  api.messages = told
  status('idle')
  await vi.waitFor(() => expect(api.held).not.toEqual([]))
  expect(types().at(-1)).toBe('busy')
  api.holds = false
  for (const answer of api.held.splice(0)) answer()
  await vi.waitFor(() => expect(types().slice(3)).toEqual(['busy', 'said', 'idle']), { timeout: 10_000 })
})

it('takes no answer for true that an event has overtaken: a question that stands would count as refused, and a turn as over', async () => {
  const { api, session, types, status } = await opened({ clock: hasty, permissionMode: 'manual' })
  const patiently = { timeout: 20_000 }
  status('busy')
  await vi.waitFor(() => expect(types().at(-1)).toBe('busy'), patiently)
  // A look has begun, and has been told that it is idle and asks nothing.
  api.status = 'idle'
  api.holdsQuestions = true
  await vi.waitFor(() => expect(api.held).toHaveLength(1), patiently)
  const looks = api.looks
  api.open = [{ id: 'per_1', permission: 'bash' }]
  const answered: string[] = []
  const event = { hook_event_name: 'PermissionRequest', request_id: 'per_1', session_id: 'ses_1', cwd: '/', tool_name: 'bash', tool_input: { command: 'make' } }
  session.gate(event)?.elsewhere?.((verdict) => answered.push(verdict))
  api.tell({ type: 'permission.asked', properties: { id: 'per_1', sessionID: 'ses_1', permission: 'bash' } })
  status('busy')
  api.tell({ type: 'session.created', properties: { info: { id: 'ses_2', parentID: 'ses_1' } } })
  await vi.waitFor(() => expect(types().at(-1)).toBe('subagent'), patiently)
  api.holdsQuestions = false
  for (const answer of api.held.splice(0)) answer()
  await vi.waitFor(() => expect(api.looks).toBeGreaterThan(looks + 1), patiently)
  expect(answered).toEqual([])
  expect(types().slice(3)).toEqual(['busy', 'subagent'])
})

it('looks seldom where its events tell of everything that begins', async () => {
  const { api, types, status } = await opened({ clock: hasty })
  const looks = api.looks
  await new Promise<void>((resolve) => void hasty.after(40_000, resolve))
  expect(api.looks - looks).toBeLessThan(4)
  status('busy')
  await vi.waitFor(() => expect(types().at(-1)).toBe('busy'), { timeout: 20_000 })
  await vi.waitFor(() => expect(api.looks - looks).toBeGreaterThan(6), { timeout: 20_000 })
})
