import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { statSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { fakeDaemon, tokens } from '../../test/fixtures/daemon.ts'
import { testFolder } from '../../test/fixtures/folder.ts'
import { systemClock } from '../core/clock.ts'
import { httpApp } from './http.ts'
import { agentEndpoints, listenLoopback } from './port.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function setUp(folder = testFolder('troupe-http-')) {
  const daemon = fakeDaemon()
  const app = httpApp({ daemon, clock: systemClock, report: () => undefined })
  const http = await listenLoopback(app, join(folder, 'port'))
  closers.push(() => http.close(0))
  return { daemon, app, http, folder }
}

async function connect(url: string, token: string, pin?: '2026-07-28') {
  const client = new Client({ name: 'test', version: '1' }, pin === undefined ? {} : { versionNegotiation: { mode: { pin } } })
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers: { authorization: `Bearer ${token}` } } })
  await client.connect(transport)
  closers.push(() => client.close())
  return client
}

describe.each([undefined, '2026-07-28' as const])('the official client, protocol %s', (pin) => {
  test('lists the tools of an agent and calls them as itself', async () => {
    const { http } = await setUp()
    const client = await connect(http.url, tokens.ada, pin)
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name).toSorted()).toEqual(
      ['broadcast', 'budget_left', 'compact_self', 'dm', 'escalate', 'inbox_ack', 'inbox_peek', 'inbox_read', 'inbox_watch', 'list_team', 'org_chart', 'react_to_user', 'read_attachment', 'ready', 'reply_to_user', 'request_approval', 'whoami'],
    )
    expect(client.getServerVersion()?.name).toBe('team')
    expect(client.getInstructions()).toContain('inbox_ack')
    const who = await client.callTool({ name: 'whoami', arguments: {} })
    expect(who).toMatchObject({ content: [{ type: 'text', text: 'main:ada' }], structuredContent: { agent: 'main:ada' }, isError: false })
    expect(await (await connect(http.url, tokens.bob, pin)).callTool({ name: 'whoami', arguments: {} })).toMatchObject({ content: [{ text: 'main:bob' }] })
  })

  test('a refusal is for the model, an unknown tool is the client’s error, a defect stays inside', async () => {
    const { http } = await setUp()
    const client = await connect(http.url, tokens.ada, pin)
    const refused = await client.callTool({ name: 'dm', arguments: { to: 'ad', text: 'hi' } })
    expect(refused).toMatchObject({ isError: true, content: [{ text: 'there is no agent "ad"\nTry: did you mean ada?' }] })
    await expect(client.callTool({ name: 'up', arguments: {} })).rejects.toThrow(/Unknown tool: up/)
    const defect = await client.callTool({ name: 'inbox_ack', arguments: { ids: [1] } })
    expect(defect.isError).toBe(true)
    expect(JSON.stringify(defect)).not.toContain('secret')
  })

  test('a client that goes aborts its call, every time', async () => {
    const { http, daemon } = await setUp()
    const client = await connect(http.url, tokens.ada, pin)
    for (let round = 1; round <= 9; round += 1) {
      const abort = new AbortController()
      const call = client.callTool({ name: 'inbox_watch', arguments: {} }, { signal: abort.signal })
      await vi.waitFor(() => expect(daemon.watches).toHaveLength(round), { timeout: 10_000 })
      globalThis.gc?.()
      abort.abort()
      await expect(call).rejects.toThrow()
      await vi.waitFor(() => expect(daemon.watches[round - 1]?.aborted).toBe(true), { timeout: 10_000 })
    }
  })

  test('a waiting call does not hold up another', async () => {
    const { http, daemon } = await setUp()
    const client = await connect(http.url, tokens.ada, pin)
    const abort = new AbortController()
    const waiting = client.callTool({ name: 'inbox_watch', arguments: {} }, { signal: abort.signal })
    await vi.waitFor(() => expect(daemon.watches).toHaveLength(1), { timeout: 10_000 })
    expect((await client.callTool({ name: 'list_team', arguments: {} })).structuredContent).toEqual({ agents: ['main:ada', 'main:bob'] })
    abort.abort()
    await expect(waiting).rejects.toThrow()
  })
})

test('a long call shows progress to a client that asked for it', async () => {
  const { http } = await setUp()
  const client = await connect(http.url, tokens.ada)
  const abort = new AbortController()
  const seen: number[] = []
  const call = client.callTool({ name: 'inbox_watch', arguments: {} }, {
    signal: abort.signal,
    onprogress: ({ progress }) => seen.push(progress),
  })
  call.catch(() => undefined)
  await vi.waitFor(() => expect(seen).toEqual([1]), { timeout: 100_000, interval: 200 })
  abort.abort()
}, 120_000)

test('a token that is not valid gets no further than the door', async () => {
  const { http } = await setUp()
  await expect(connect(http.url, 'wrong')).rejects.toThrow()
})

describe('where it listens', () => {
  test('the port is chosen once, kept, and refused by name when another has it', async () => {
    const { http, folder, app } = await setUp()
    const { port } = new URL(http.url)
    await http.close(0)
    const again = await listenLoopback(app, join(folder, 'port'))
    expect(again.url).toBe(http.url)
    await again.close(0)
    const thief = createServer().listen(Number(port), '127.0.0.1')
    closers.push(() => new Promise((resolve) => thief.close(resolve)))
    await vi.waitFor(() => expect((thief.address() as AddressInfo | null)?.port).toBe(Number(port)))
    await expect(listenLoopback(app, join(folder, 'port'))).rejects.toThrow(`port ${port} of this team was taken`)
  })

  test('a broken port file means a new port', async () => {
    const folder = testFolder('troupe-http-')
    writeFileSync(join(folder, 'port'), '80x')
    expect((await setUp(folder)).http.url).toMatch(/^http:\/\/127\.0\.0\.1:\d{5}$/)
  })

  test('each agent has a private socket of its own with the same routes', async () => {
    const { app, folder } = await setUp()
    const endpoints = agentEndpoints(app, (incarnation) => join(folder, incarnation.slice(-12), 'mcp.sock'), { clock: systemClock, rebound: () => undefined })
    closers.push(() => endpoints.closeAll())
    const incarnation = '0000000000000000-aaaaaaaaaaaa'
    const path = await endpoints.open(incarnation)
    expect(await endpoints.open(incarnation)).toBe(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
    expect(await whoami(path, tokens.ada)).toMatchObject({ status: 200, body: { agent: 'main:ada' } })
    expect(await whoami(path, tokens.bob)).toMatchObject({ status: 403 })
    await endpoints.close(incarnation)
    await endpoints.close(incarnation)
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined()
  })
})

function whoami(socketPath: string, token: string): Promise<{ status: number | undefined; body: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, host: 'localhost' }
    httpRequest({ socketPath, path: '/api/v1/whoami', method: 'POST', headers }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) }))
    }).on('error', reject).end('{}')
  })
}
