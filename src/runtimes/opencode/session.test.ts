import { mkdirSync, realpathSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import { testFolder } from '../../../test/fixtures/folder.ts'
import { systemClock } from '../../core/clock.ts'
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
  const api = { messages: [] as Message[], holds: false, status: 'idle', held: [] as (() => void)[], tell: (_event: object): void => undefined }
  const answers: Record<string, () => unknown> = {
    '/path': () => ({ directory }), '/session': () => [], '/session/ses_1': () => ({ id: 'ses_1', directory }), '/permission': () => [], '/question': () => [],
    '/session/status': () => ({ ses_1: { type: api.status } }),
  }
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x')
    const send = (body: unknown): void => void response.end(JSON.stringify(body))
    if (request.headers.authorization !== authorization) return void response.writeHead(401).end()
    if (pathname === '/event') return listening(response)
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

it('tells the end of a turn once what was said in it is read, however slow that is', async () => {
  const folder = testFolder('opencode-session-')
  const cwd = realpathSync(folder)
  const { api, port } = await fakeOpencode(cwd)
  const files = opencodeFiles(folder)
  mkdirSync(files.folder, { recursive: true })
  prepareFolder(files)
  writeDoor(files, { incarnation: 'i', port, password: 'secret', model: null, session: 'ses_1' })
  const session = new OpencodeSession({ agent: { address: 'p:a', cwd, permissionMode: 'auto' }, incarnation: 'i', pid: process.pid, startedAt: 0, session: 'ses_1', wasReady: true, folder, host: { clock: systemClock, env: {}, home: folder, isRoot: false }, terminal: {} } as unknown as SessionContext)
  onTestFinished(() => session.close())
  const heard: Signal[] = []
  session.subscribe((signal) => heard.push(signal))
  const types = () => heard.map(({ type }) => type)
  const status = (type: string): void => {
    api.status = type
    api.tell({ type: 'session.status', properties: { sessionID: 'ses_1', status: { type } } })
  }
  await vi.waitFor(() => expect(types()).toEqual(['session', 'ready', 'idle']), { timeout: 10_000 })
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
