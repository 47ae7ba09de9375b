import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { fakeDaemon, tokens, type FakeDaemon } from '../../test/fixtures/daemon.ts'
import { testFolder } from '../../test/fixtures/folder.ts'
import { runShim } from '../client/shim.ts'
import { systemClock } from '../core/clock.ts'
import { httpApp, type HttpApp } from '../server/http.ts'
import { agentEndpoints, listenLoopback } from '../server/port.ts'
import { programPath } from '../util/programs.ts'

const patience = { timeout: 30_000, interval: 10 }
const ada = '0000000000000000-aaaaaaaaaaaa'
let daemon: FakeDaemon
let app: HttpApp
let folder: string
let http: { url: string; close(graceMs: number): Promise<void> }
let closers: (() => Promise<unknown>)[]

beforeEach(async () => {
  daemon = fakeDaemon()
  app = httpApp({ daemon, clock: systemClock, report: () => undefined })
  folder = testFolder('troupe-shim-')
  http = await listenLoopback(app, join(folder, 'port'))
  closers = []
})

afterEach(async () => {
  for (const close of closers.toReversed()) await close()
  await http.close(0)
})

async function connect(env: Record<string, string>, pin?: '2026-07-28') {
  const client = new Client({ name: 'test', version: '1' }, pin === undefined ? {} : { versionNegotiation: { mode: { pin } } })
  const transport = new StdioClientTransport({ command: process.execPath, args: [programPath('shim')], env, stderr: 'pipe' })
  await client.connect(transport)
  closers.push(() => client.close())
  return { client, transport }
}

describe.each([undefined, '2026-07-28' as const])('the official client over stdio, protocol %s', (pin) => {
  test('has the tools of its agent, and a waiting call holds up no other', async () => {
    const { client } = await connect({ TROUPE_MCP_URL: `${http.url}/mcp`, TROUPE_AGENT_TOKEN: tokens.ada }, pin)
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('dm')
    const abort = new AbortController()
    const waiting = client.callTool({ name: 'inbox_watch', arguments: {} }, { signal: abort.signal })
    await vi.waitFor(() => expect(daemon.watches).toHaveLength(1), patience)
    expect(await client.callTool({ name: 'whoami', arguments: {} })).toMatchObject({ content: [{ text: 'main:ada' }] })
    await expect(client.callTool({ name: 'nothing', arguments: {} })).rejects.toThrow(/Unknown tool/)
    abort.abort()
    await expect(waiting).rejects.toThrow()
    await vi.waitFor(() => expect(daemon.watches[0]?.aborted).toBe(true), patience)
  })

  test('goes on over a restart of the daemon', async () => {
    const { client } = await connect({ TROUPE_MCP_URL: `${http.url}/mcp`, TROUPE_AGENT_TOKEN: tokens.ada }, pin)
    const cut = client.callTool({ name: 'inbox_watch', arguments: {} })
    await vi.waitFor(() => expect(daemon.watches).toHaveLength(1), patience)
    await http.close(0)
    await expect(cut).rejects.toThrow(/daemon/)
    const during = client.callTool({ name: 'whoami', arguments: {} })
    http = await listenLoopback(app, join(folder, 'port'))
    expect(await during).toMatchObject({ content: [{ text: 'main:ada' }] })
  })
})

test('works over the agent’s own socket', async () => {
  const endpoints = agentEndpoints(app, (incarnation) => join(folder, incarnation.slice(-12), 'mcp.sock'), { clock: systemClock, rebound: () => undefined })
  closers.push(() => endpoints.closeAll())
  const socket = await endpoints.open(ada)
  const { client } = await connect({ TROUPE_MCP_SOCKET: socket, TROUPE_AGENT_TOKEN: tokens.ada })
  expect(await client.callTool({ name: 'whoami', arguments: {} })).toMatchObject({ content: [{ text: 'main:ada' }] })
})

describe('on its own', () => {
  async function speak(said: (string | Buffer)[], token = tokens.ada): Promise<unknown[]> {
    const stdin = new PassThrough()
    const stdout = new PassThrough()
    for (const line of said) {
      stdin.write(line)
      stdin.write('\n')
    }
    stdin.end()
    await runShim({ address: { url: `${http.url}/mcp`, socket: null, token }, stdin, stdout })
    stdout.end()
    return (await stdout.setEncoding('utf8').toArray()).join('').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as unknown)
  }
  const call = (id: unknown, name = 'whoami') => JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {} } })

  test('what was asked is still answered when stdin ends', async () => {
    expect(await speak([call(1)])).toMatchObject([{ id: 1, result: { content: [{ text: 'main:ada' }] } }])
  })

  test('a wrong token is an error of the call', async () => {
    expect(await speak([call(1), call('two')], 'wrong')).toMatchObject([
      { id: 1, error: { message: expect.stringContaining('not, or no longer, valid') } },
      { id: 'two', error: {} },
    ])
  })

  test('bytes of any kind are answered, and the next line counts again', async () => {
    const odd = ['{', '7', 'null', '[]', '"x"', Buffer.from([0xff, 0xfe]), Buffer.from('\0'), 'x'.repeat(5 * 1024 * 1024), '{"id":1}', '{"jsonrpc":"2.0","method":"notifications/cancelled"}']
    const answers = await speak([...odd, call('last')])
    expect(answers).toContainEqual(expect.objectContaining({ id: 'last', result: expect.anything() }))
    for (const answer of answers) expect(answer).toHaveProperty('jsonrpc', '2.0')
  })
})
