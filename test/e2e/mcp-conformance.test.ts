import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../../src/util/spawn.ts'
import { liveDaemon, type LiveDaemon } from '../fixtures/live-daemon.ts'

const suite = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/conformance/dist/index.js')

/** What troupe's endpoint offers is tools and nothing else: these are about something it has none of, by design. */
const notOffered: Record<string, string> = {
  'logging-set-level': 'no logging capability: what an agent should know is an answer or mail',
  'completion-complete': 'no completion capability: there are neither prompts nor resource templates to complete',
  'tools-call-simple-text': 'calls the fixture tool test_simple_text of the suite’s own server',
  'tools-call-image': 'calls a fixture tool; no tool of troupe answers with an image',
  'tools-call-audio': 'calls a fixture tool; no tool of troupe answers with audio',
  'tools-call-embedded-resource': 'calls a fixture tool; troupe has no resources',
  'tools-call-mixed-content': 'calls a fixture tool; no tool of troupe mixes content',
  'tools-call-with-logging': 'calls a fixture tool; no logging capability',
  'tools-call-error': 'calls a fixture tool; refusals of troupe’s own tools are tested in src/server/mcp.test.ts',
  'tools-call-with-progress': 'calls a fixture tool; progress of troupe’s own tools is tested in src/server/mcp.test.ts',
  'tools-call-sampling': 'no sampling: the endpoint is stateless and never asks its client for a model',
  'tools-call-elicitation': 'no elicitation: the endpoint is stateless and never asks its client anything',
  'elicitation-sep1034-defaults': 'no elicitation',
  'elicitation-sep1330-enums': 'no elicitation',
  'json-schema-2020-12': 'looks for the fixture tool json_schema_2020_12_tool',
  'resources-list': 'no resources capability',
  'resources-read-text': 'no resources capability',
  'resources-read-binary': 'no resources capability',
  'resources-templates-read': 'no resources capability',
  'resources-subscribe': 'no resources capability',
  'resources-unsubscribe': 'no resources capability',
  'prompts-list': 'no prompts capability',
  'prompts-get-simple': 'no prompts capability',
  'prompts-get-with-args': 'no prompts capability',
  'prompts-get-embedded-resource': 'no prompts capability',
  'prompts-get-with-image': 'no prompts capability',
}

/** Held to no more than "no failure": the suite warns of what it would like of a server with sessions. */
const warned: Record<string, string> = {
  'server-sse-polling': 'no session ids and no resumable streams: every request stands alone, so that a restart of the daemon loses none',
  'server-sse-multiple-streams': 'no session ids, as above',
}

let live: LiveDaemon
let front: { url: string; close(): Promise<void> }

beforeAll(async () => {
  live = await liveDaemon()
  front = await withBearer(live.url, live.agents['ada']?.token ?? '')
})

afterAll(async () => {
  await front.close()
  await live.close()
})

describe('the official conformance suite', () => {
  test('every scenario passes, but those about what the endpoint does not offer', async () => {
    const listed = await run([process.execPath, suite, 'list', '--server'], { timeoutMs: 60_000 })
    const names = [...listed.stdout.matchAll(/^ {2}- (\S+)/gm)].map(([, name = '']) => name)
    expect(names).toContain('server-initialize')
    expect(Object.keys(notOffered).filter((name) => !names.includes(name))).toEqual([])
    const results = []
    for (const name of names.filter((each) => !(each in notOffered))) results.push([name, await play(name)])
    expect(results).toEqual(results.map(([name = '']) => [name, name in warned ? 'warned' : 'passed']))
    expect(results.map(([name]) => name)).toEqual(expect.arrayContaining(['tools-list', 'dns-rebinding-protection', ...Object.keys(warned)]))
    expect(live.reports).toEqual([])
  }, 300_000)
})

describe.each([undefined, '2026-07-28' as const])('the official client against a whole daemon, protocol %s', (pin) => {
  test('mail from one agent to the other and back', async () => {
    const ada = await connect('ada', pin)
    const bob = await connect('bob', pin)
    const sent = await ada.callTool({ name: 'dm', arguments: { to: 'bob', text: 'Hello' } })
    const { id } = sent.structuredContent as { id: number }
    const seen = await bob.callTool({ name: 'inbox_watch', arguments: { timeout_ms: 10_000 } })
    expect(seen.structuredContent).toMatchObject({ messages: [{ id, sender: 'p:ada', text: 'Hello' }] })
    expect((await bob.callTool({ name: 'inbox_ack', arguments: { ids: [id] } })).structuredContent).toEqual({ acked: 1 })
    await expect(bob.callTool({ name: 'mail', arguments: {} })).rejects.toThrow(/Unknown tool/)
    expect(await ada.callTool({ name: 'dm', arguments: { to: 'carol', text: 'Hello' } })).toMatchObject({ isError: true })
    await ada.close()
    await bob.close()
  })
})

async function connect(name: string, pin?: '2026-07-28'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, pin === undefined ? {} : { versionNegotiation: { mode: { pin } } })
  const headers = { authorization: `Bearer ${live.agents[name]?.token}` }
  await client.connect(new StreamableHTTPClientTransport(new URL(`${live.url}/mcp`), { requestInit: { headers } }))
  return client
}

/** `passed`, `warned`, or what the suite says about it. */
async function play(scenario: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-conformance-'))
  try {
    const argv = [process.execPath, suite, 'server', '--url', `${front.url}/mcp`, '--scenario', scenario, '-o', folder]
    const { code, stdout, stderr } = await run(argv, { timeoutMs: 60_000, cwd: folder, env: { PATH: process.env['PATH'] ?? '', HOME: folder } })
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('checks.json'))
    const checks = files.flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as { status: string }[])
    const found = new Set(checks.map(({ status }) => status))
    const [fine, worst] = [['SUCCESS', 'INFO', 'WARNING'], found.has('WARNING') ? 'warned' : 'passed']
    return code === 0 && found.size > 0 && [...found].every((status) => fine.includes(status)) ? worst : `exit ${code}: ${stdout}${stderr}`
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

/** The suite knows no credentials: what it sends goes on with an agent's, and its own name for this address becomes the daemon's. */
async function withBearer(target: string, token: string): Promise<{ url: string; close(): Promise<void> }> {
  const { host, port } = new URL(target)
  const own = () => `:${(server.address() as AddressInfo).port}`
  const rename = (value: string | undefined) => value?.replace(own(), `:${port}`)
  const pass = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const { host: named = host, origin, ...others } = incoming.headers
    const names = { host: rename(named), ...(origin === undefined ? {} : { origin: rename(origin) }) }
    const headers = { ...others, ...names, authorization: `Bearer ${token}` }
    const onward = httpRequest({ host: '127.0.0.1', port, path: incoming.url, method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => onward.destroy())
    incoming.pipe(onward)
  }
  const server = createServer(pass)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): Promise<void> => new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
  return { url: `http://localhost${own()}`, close }
}
