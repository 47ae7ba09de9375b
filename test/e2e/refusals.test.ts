import { spawn } from 'node:child_process'
import { createConnection } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { operations } from '../../src/api/index.ts'
import { connect } from '../../src/client/connect.ts'
import { systemClock } from '../../src/core/clock.ts'
import { ask, toolCall } from '../fixtures/ask.ts'
import { liveDaemon, type LiveDaemon } from '../fixtures/live-daemon.ts'
import { Troupe } from './troupe.ts'

interface Line { type: string; agent: string | null; subject: string; data: Record<string, unknown> }

let live: LiveDaemon
let ahead = 0
const clock = { ...systemClock, now: () => Date.now() + ahead }

beforeEach(async () => {
  live = await liveDaemon({ clock, limits: { inbox_messages: 1 }, each: { can_dm: ['bob'], can_broadcast: [] }, names: ['ada', 'bob', 'cy'] })
})
afterEach(async () => {
  await live.close()
  ahead = 0
})

/** As an agent says it over its MCP endpoint: what it is told. */
async function tool(agent: string, name: string, input: object): Promise<string> {
  return (await ask(live.url, '/mcp', { token: live.agents[agent]!.token, body: toolCall(name, input) })).text
}

async function operator(operation: string, input: object): Promise<unknown> {
  const client = await connect({ socket: live.operatorSocket })
  try {
    return await client.call(operation as 'ps', input as never)
  } catch (error) {
    return error
  } finally {
    client.close()
  }
}

async function journal(): Promise<Line[]> {
  return ((await operator('events', { limit: 1000 })) as { events: Line[] }).events
}

/** A program in an agent's environment at the operator socket. */
async function stranger(): Promise<void> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { env: { TROUPE_INCARNATION: live.agents['ada']!.incarnation } })
  try {
    const socket = createConnection(live.operatorSocket)
    socket.write(`${JSON.stringify({ hello: { protocol: 1, version: '0', pid: child.pid } })}\n${JSON.stringify({ id: 1, call: 'approval.list', input: {} })}\n`)
    for await (const text of socket) if (String(text).includes('"id":1')) break
    socket.destroy()
  } finally {
    child.kill('SIGKILL')
  }
}

const request = { action: 'publish', summary: 'it', wait: false }
const decide = (verdict: string) => operator('approval.decide', { id: '1', verdict })

/** What is refused, how, and the line that tells of it: its type, and what it has to say of who, what and why. */
const refusals: [what: string, act: () => Promise<unknown>, type: string, tells: object][] = [
  ['dm', () => tool('ada', 'dm', { to: 'cy', text: 'x' }), 'call.refused', { agent: 'p:ada', data: { operation: 'dm', why: 'p:ada may not write to p:cy', rule: 'can_dm', where: 'projects/p.yaml:1' } }],
  ['broadcast', () => tool('ada', 'broadcast', { channel: 'all', text: 'x' }), 'call.refused', { agent: 'p:ada', data: { operation: 'broadcast', rule: 'can_broadcast', where: 'projects/p.yaml:1' } }],
  ['escalate', () => tool('ada', 'escalate', { text: 'x' }), 'call.refused', { agent: 'p:ada', data: { operation: 'escalate', rule: 'reports_to' } }],
  ['a bridge between workers', () => operator('bridge.open', { from: 'ada', to: 'bob', topic: 't', ttl_seconds: 60 }), 'call.refused', { agent: null, subject: 'user', data: { operation: 'bridge.open', via: 'socket', why: expect.stringContaining('is a worker') as string } }],
  ['a full inbox', async () => [await tool('ada', 'dm', { to: 'bob', text: 'x' }), await tool('ada', 'dm', { to: 'bob', text: 'y' })], 'agent.throttled', { agent: 'p:ada', data: { limit: 'inbox_messages' } }],
  ['an operation of operators', async () => await ask(live.url, '/api/v1/approval.decide', { token: live.agents['ada']!.token, body: { id: '1', verdict: 'approve' } }), 'call.refused', { agent: 'p:ada', data: { operation: 'approval.decide' } }],
  ['the operator socket', stranger, 'operator.refused', { agent: 'p:ada' }],
  ['a denied approval', async () => [await tool('ada', 'request_approval', request), await decide('deny')], 'approval.denied', { agent: 'p:ada', data: { by: 'user', via: 'socket' } }],
  ['one that was decided already', async () => [await tool('ada', 'request_approval', request), await decide('deny'), await decide('approve')], 'call.refused', { subject: 'user', data: { operation: 'approval.decide', why: 'approval 1 was denied already, by user' } }],
  ['one that nobody decided', async () => {
    await tool('ada', 'request_approval', { ...request, ttl_seconds: 30 })
    ahead = 31_000
    await tool('ada', 'request_approval', { ...request, summary: 'another' })
    await decide('approve')
  }, 'call.refused', { subject: 'user', data: { why: 'approval 1 has expired' } }],
]

it.each(refusals)('%s leaves its line in the journal, with who, what and why', async (_what, act, type, tells) => {
  await act()
  expect((await journal()).filter((line) => line.type === type)).toContainEqual(expect.objectContaining({ ...tells, data: expect.objectContaining('data' in tells ? (tells.data as object) : {}) as object }))
})

it('an agent’s token is good for no operation of operators, and theirs for none of agents', async () => {
  expect((await ask(live.url, '/api/v1/whoami', { token: live.operatorToken, body: {} })).status).toBe(403)
  for (const [name, entry] of Object.entries(operations)) {
    if (!(entry.who as readonly string[]).includes('agent')) expect((await ask(live.url, `/api/v1/${name}`, { token: live.agents['ada']!.token, body: {} })).status, name).toBe(403)
  }
})

it('a loop of refusals is counted, not written down each time', async () => {
  for (let n = 0; n < 30; n += 1) await tool('ada', 'dm', { to: 'cy', text: 'x' })
  const lines = (await journal()).filter(({ type }) => type === 'call.refused')
  expect(lines.length).toBeLessThan(30)
  await expect.poll(async () => {
    await tool('ada', 'dm', { to: 'cy', text: 'x' })
    return (await journal()).filter(({ type }) => type === 'call.refused').some(({ data }) => Number(data['refused']) > 1)
  }, { timeout: 30_000, interval: 200 }).toBe(true)
})

it('a refusal names the rule, the file and line that set it, and who could allow it: to agents and at the command line', async () => {
  expect(await tool('ada', 'dm', { to: 'cy', text: 'x' })).toMatch(/can_dm of p:ada decides: it lists p:bob · rule: can_dm, projects\/p\.yaml:1; who could allow it: whoever may change that file/)
  const troupe = new Troupe({
    'team-compose.yaml': 'version: 2\nlimits:\n  message_bytes: 10\nprojects:\n  - file: projects/p.yaml\n  - file: projects/q.yaml\n',
    'projects/p.yaml': 'version: 2\nproject: {id: p, name: P, cwd: .}\nworkers:\n  a: {runtime: scripted}\n',
    'projects/q.yaml': 'version: 2\nproject: {id: q, name: Q, cwd: .}\nmanagers:\n  b: {runtime: scripted}\n',
  })
  expect((await troupe.run('bridge', 'open', '--from', 'p:a', '--to', 'q:b', '--topic', 't')).stderr).toMatch(/rule: role, projects\/p\.yaml:4; who could allow it/)
  expect((await troupe.run('send', 'p:a', 'more than ten bytes')).stderr).toMatch(/rule: limits\.message_bytes, team-compose\.yaml:3; who could allow it/)
}, 240_000)
