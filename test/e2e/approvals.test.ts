import { spawn } from 'node:child_process'
import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { connect } from '../../src/client/connect.ts'
import { systemClock } from '../../src/core/clock.ts'
import { ask, toolCall } from '../fixtures/ask.ts'
import { liveDaemon, type LiveDaemon } from '../fixtures/live-daemon.ts'

const patience = { timeout: 30_000, interval: 20 }
const hour = new Date(Date.now() + 3_600_000).toISOString()

let live: LiveDaemon
let ahead = 0
const clock = { ...systemClock, now: () => Date.now() + ahead }

afterEach(async () => {
  expect(live.reports).toEqual([])
  await live.close()
  ahead = 0
})

interface Answer { id: number; status: string; note: string | null }
interface Row { id: string; n: number; agent: string; status: string; decidedBy: string | null; action: string; exact: string }

async function operator<T>(operation: string, input: object): Promise<T> {
  const client = await connect({ socket: live.operatorSocket })
  try {
    return (await client.call(operation as 'ps', input as never)) as T
  } finally {
    client.close()
  }
}

const publish = { action: 'publish', summary: 'the new release', payload: { tag: 'v1' } }

/** As an agent asks over its MCP endpoint. */
async function request(input: object = {}, signal?: AbortSignal, agent = 'ada'): Promise<Answer> {
  const answer = await ask(live.url, '/mcp', { token: live.agents[agent]?.token ?? '', body: toolCall('request_approval', { ...publish, ...input }), ...(signal === undefined ? {} : { signal }) })
  const line = answer.text.split('\n').find((each) => each.startsWith('data: {'))
  const { result } = JSON.parse(line === undefined ? answer.text : line.slice('data: '.length)) as { result: { isError: boolean; structuredContent: Answer; content: { text: string }[] } }
  if (result.isError) throw new Error(result.content[0]?.text)
  return result.structuredContent
}

const list = (all = false): Promise<Row[]> => operator('approval.list', { all })
const decide = (id: number, verdict: 'approve' | 'deny', note?: string): Promise<Row> => operator('approval.decide', { id: String(id), verdict, ...(note === undefined ? {} : { note }) })
const pending = (count: number): Promise<Row[]> => vi.waitFor(async () => {
  const rows = await list()
  expect(rows).toHaveLength(count)
  return rows
}, patience)
const mail = async (): Promise<string[]> => (await operator<{ text: string; from: string }[]>('mail', {})).map(({ from, text }) => `${from}: ${text}`)
const journal = async (): Promise<string[]> => (await operator<{ events: { type: string }[] }>('events', { limit: 1000 })).events.map(({ type }) => type).filter((type) => type.startsWith('approval.'))

describe('an agent that asks', () => {
  it('waits, and hears the verdict with its note; nobody decides twice', async () => {
    live = await liveDaemon({ clock })
    const waits = request()
    const [row] = await pending(1)
    expect(row).toMatchObject({ n: 1, agent: 'p:ada', action: 'publish', status: 'pending' })
    expect(JSON.parse(row!.exact)).toEqual({ tool: 'request_approval', input: { ...publish, scope_tag: null } })
    expect(await decide(1, 'approve', 'go')).toMatchObject({ status: 'approved', decidedBy: 'user' })
    expect(await waits).toMatchObject({ id: 1, status: 'approved', note: 'go' })
    await expect(decide(1, 'deny')).rejects.toMatchObject({ code: 'conflict', message: 'approval 1 was approved already, by user' })
    await expect(decide(7, 'deny')).rejects.toMatchObject({ code: 'unknown' })
    expect(await journal()).toEqual(['approval.requested', 'approval.approved', 'approval.used'])
    expect(await mail()).toEqual([])
    const denied = request()
    await pending(1)
    await decide(2, 'deny', 'not today')
    expect(await denied).toMatchObject({ id: 2, status: 'denied', note: 'not today' })
  })

  it('may not decide', async () => {
    live = await liveDaemon({ clock })
    const answer = await ask(live.url, '/api/v1/approval.decide', { token: live.agents['ada']!.token, body: { id: '1', verdict: 'approve' } })
    expect(answer.status).toBe(403)
  })

  it('that does not wait gets mail, and the same words then pass once', async () => {
    live = await liveDaemon({ clock })
    expect(await request({ wait: false })).toMatchObject({ id: 1, status: 'pending' })
    expect(await request({ wait: false })).toMatchObject({ id: 1, status: 'pending' })
    await decide(1, 'approve')
    expect((await mail())[0]).toContain('troupe: Approval 1 (publish: the new release) was approved.')
    expect(await request({ wait: false })).toMatchObject({ id: 1, status: 'approved' })
    expect(await request({ wait: false })).toMatchObject({ id: 2, status: 'pending' })
    expect(await request({ wait: false, summary: 'another' })).toMatchObject({ id: 3, status: 'pending' })
    expect(await request({ wait: false }, undefined, 'bob')).toMatchObject({ id: 4, status: 'pending' })
  })

  it('of two that wait for the same, one passes, and the other needs a verdict of its own', async () => {
    live = await liveDaemon({ clock })
    const both = [request(), request()]
    await pending(1)
    await decide(1, 'approve')
    expect((await Promise.race(both)).id).toBe(1)
    await vi.waitFor(async () => expect((await list())[0]?.n).toBe(2), patience)
    await decide(2, 'deny')
    expect((await Promise.all(both)).map(({ status }) => status).toSorted()).toEqual(['approved', 'denied'])
  })

  it('and goes away finds the verdict in its mail', async () => {
    live = await liveDaemon({ clock })
    const gone = new AbortController()
    const waits = request({}, gone.signal).catch(() => null)
    await pending(1)
    gone.abort()
    await waits
    await vi.waitFor(async () => {
      if ((await list()).length === 1) await decide(1, 'deny', 'no')
      expect((await mail())[0]).toMatch(/^troupe: Approval 1 .* was denied\. Note: no/)
    }, patience)
  })

  it('hears no where nobody decides, and too late is too late', async () => {
    live = await liveDaemon({ clock })
    const waits = request({ ttl_seconds: 30 })
    await pending(1)
    ahead = 31_000
    await expect(decide(1, 'approve')).rejects.toMatchObject({ code: 'conflict', message: 'approval 1 has expired' })
    // Any change makes the daemon look at the time again.
    await request({ wait: false, summary: 'another' })
    expect(await waits).toMatchObject({ id: 1, status: 'expired' })
    expect(await journal()).toContain('approval.expired')
  })
})

it('windows of the team’s files are matched, end, and are shown where they were used', async () => {
  live = await liveDaemon({
    clock,
    hitl: { auto_approve_windows: [{ action: 'release', until: hour }, { action: 'publish', project: 'p', agent: 'ada', scope: 'docs', until: hour }] },
  })
  expect(await request({ scope_tag: 'docs' })).toMatchObject({ id: 1, status: 'approved' })
  expect((await list(true))[0]).toMatchObject({ status: 'used', decidedBy: `hitl.auto_approve_windows (window 2, until ${hour})` })
  expect(await request({ scope_tag: 'code', wait: false })).toMatchObject({ status: 'pending' })
  expect(await request({ scope_tag: 'docs', wait: false }, undefined, 'bob')).toMatchObject({ status: 'pending' })
  ahead = 3_700_000
  expect(await request({ scope_tag: 'docs', wait: false })).toMatchObject({ status: 'pending' })
})

describe('the operator socket', () => {
  /** A program in the agent's environment, or below one that is. */
  const child = (script: string): { kill(): void; pid: number } => {
    const { PATH = '' } = process.env
    const started = spawn(process.execPath, ['-e', script], { env: { PATH, TROUPE_INCARNATION: live.agents['ada']!.incarnation }, stdio: ['ignore', 'pipe', 'inherit'] })
    return { pid: started.pid!, kill: () => void started.kill('SIGKILL') }
  }
  const asks = async (pid: number): Promise<unknown> => {
    const socket = createConnection(live.operatorSocket)
    try {
      socket.write(`${JSON.stringify({ hello: { protocol: 1, version: '0', pid } })}\n${JSON.stringify({ id: 1, call: 'approval.list', input: {} })}\n`)
      for await (const line of createInterface({ input: socket })) {
        const said = JSON.parse(line) as { id?: number }
        if (said.id === 1) return said
      }
      return null
    } finally {
      socket.destroy()
    }
  }

  it('refuses an agent’s processes, tells why, and keeps it in the journal; others pass', async () => {
    live = await liveDaemon({ clock })
    const stranger = child('setInterval(() => {}, 1000)')
    try {
      expect(await asks(stranger.pid)).toMatchObject({ error: { code: 'denied', message: expect.stringContaining('belongs to p:ada') as string } })
      expect(await asks(process.pid)).toEqual({ id: 1, ok: [] })
      const { events } = await operator<{ events: { type: string; agent: string }[] }>('events', {})
      expect(events.at(-1)).toMatchObject({ type: 'operator.refused', agent: 'p:ada' })
    } finally {
      stranger.kill()
    }
  })
})
