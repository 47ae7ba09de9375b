import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gatePlugin, type GatePlugin } from './gate-plugin.ts'

type Json = Record<string, unknown>
interface Hooks {
  'tool.execute.before'(call: Json, output: Json): Promise<void>
  config(config: Json): Promise<void>
  'shell.env'(call: Json, output: { env: Json }): Promise<void>
  event(input: { event: { type: string; properties: Json } }): Promise<void>
}

let folder: string
let server: Server
/** What came, by path; and what is answered to it. A number is a status. */
let came: [path: string, body: Json][]
let answers: (body: Json) => Json | number | Promise<Json>

async function reply(body: Json, response: ServerResponse): Promise<void> {
  const answer = await answers(body)
  response.statusCode = typeof answer === 'number' ? answer : 200
  response.end(JSON.stringify(answer))
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-gate-'))
  came = []
  answers = () => ({ decision: 'pass' })
  server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      const body = JSON.parse(text) as Json
      came.push([request.url ?? '', body])
      void reply(body, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The plugin as OpenCode runs it, with this process in the place of OpenCode's. */
async function plugin(more: Partial<GatePlugin> = {}): Promise<Hooks> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const file = join(folder, `gate-${Math.random()}.mjs`)
  writeFileSync(file, gatePlugin({ sink: `${url}/hook`, loaded: join(folder, 'loaded.json'), asks: ['bash'], alone: null, awayMs: 300, ...more }))
  const { Troupe } = (await import(pathToFileURL(file).href)) as { Troupe(input: Json): Promise<Hooks> }
  return await Troupe({ directory: '/w', serverUrl: url })
}

const before = async (hooks: Hooks, tool = 'bash') => await hooks['tool.execute.before']({ tool, sessionID: 's', callID: 'c' }, { args: { command: 'ls' } })

describe('the gate inside OpenCode', () => {
  it('asks before each call, and says that it runs', async () => {
    const hooks = await plugin()
    expect(existsSync(join(folder, 'loaded.json'))).toBe(true)
    await before(hooks)
    expect(came).toEqual([['/hook', expect.objectContaining({ hook_event_name: 'PreToolUse', tool_name: 'bash', tool_input: { command: 'ls' }, session_id: 's', cwd: '/w' })]])
  })

  it('lets no call pass without a clear answer', async () => {
    const hooks = await plugin()
    for (const answer of [{}, { decision: 'deny', why: 'no' }, { decision: 'maybe' }, 401, 500] as const) {
      answers = () => answer
      await expect(before(hooks), JSON.stringify(answer)).rejects.toThrow()
    }
    answers = () => ({ decision: 'deny', why: 'because' })
    await expect(before(hooks)).rejects.toThrow('because')
  })

  it('lets no call pass while the daemon is away', async () => {
    const hooks = await plugin()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await expect(before(hooks)).rejects.toThrow(/troupe could not be asked/)
  })

  it('leaves a question to OpenCode only for tools that it asks about, and to nobody where nobody is', async () => {
    answers = () => ({ decision: 'ask', why: 'unsure' })
    const hooks = await plugin()
    await before(hooks, 'bash')
    await expect(before(hooks, 'write')).rejects.toThrow('unsure')
    const alone = await plugin({ alone: { passes: ['read'], permission: { '*': 'allow' }, agent: 'troupe' } })
    await expect(before(alone, 'bash')).rejects.toThrow('unsure')
    answers = () => ({ decision: 'pass' })
    await before(alone, 'read')
    await expect(before(alone, 'bash')).rejects.toThrow(/nobody can be asked/)
    const config = { permission: {}, agent: { troupe: { permission: {} } } }
    await alone.config(config)
    expect(config).toEqual({ permission: { '*': 'allow' }, agent: { troupe: { permission: { '*': 'allow' } } } })
    await hooks.config(config)
  })

  it('answers OpenCode’s own question about what was allowed, and leaves the others to people', async () => {
    const hooks = await plugin()
    const asked = { id: 'per_1', sessionID: 's', permission: 'bash', patterns: ['ls'], tool: { messageID: 'm', callID: 'c' } }
    answers = () => ({ decision: 'allow', why: 'fine' })
    await before(hooks)
    came = []
    await hooks.event({ event: { type: 'permission.asked', properties: asked } })
    expect(came).toEqual([['/permission/per_1/reply?directory=%2Fw', { reply: 'once' }]])
    came = []
    answers = (body) => (body['hook_event_name'] === 'PermissionRequest' ? { decision: 'deny', why: 'a person said no' } : {})
    await hooks.event({ event: { type: 'permission.asked', properties: { ...asked, id: 'per_2', tool: { messageID: 'm', callID: 'other' } } } })
    expect(came.at(-1)).toEqual(['/permission/per_2/reply?directory=%2Fw', { reply: 'reject', message: 'a person said no' }])
    came = []
    answers = () => ({ decision: 'pass' })
    await hooks.event({ event: { type: 'permission.asked', properties: { ...asked, id: 'per_3', tool: undefined } } })
    expect(came.map(([path]) => path)).toEqual(['/hook'])
  })

  it('makes no call that was interrupted while it was held, whatever is said of it later', async () => {
    const hooks = await plugin({ awayMs: 60_000 })
    let say: (answer: Json) => void = () => undefined
    answers = () => new Promise<Json>((resolve) => (say = resolve))
    const held = before(hooks)
    held.catch(() => {})
    await expect.poll(() => came.length).toBe(1)
    await hooks.event({ event: { type: 'session.status', properties: { sessionID: 's', status: { type: 'idle' } } } })
    say({ decision: 'allow' })
    await expect(held).rejects.toThrow()
  })

  it('keeps the password of OpenCode’s API from what the agent runs', async () => {
    const output = { env: {} as Json }
    await (await plugin())['shell.env']({}, output)
    expect(output.env).toEqual({ OPENCODE_SERVER_PASSWORD: '' })
  })
})
