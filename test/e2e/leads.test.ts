import { describe, expect, it, vi } from 'vitest'
import { kill, patiently } from './troupe.ts'
import { environmentOf } from './teams.ts'
import { Shop, shop } from './workers.ts'

/** Calls a tool as the agent does, also one that it is not offered. */
async function callAs(pid: number, name: string, args: object): Promise<{ isError: boolean; text: string }> {
  const { TROUPE_MCP_URL: url, TROUPE_AGENT_TOKEN: token } = environmentOf(pid)
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const answer = await fetch(url ?? '', { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }) })
  const { result } = (await answer.json()) as { result: { isError: boolean; content: { text: string }[] } }
  return { isError: result.isError, text: result.content[0]?.text ?? '' }
}

async function toolsOf(pid: number): Promise<string[]> {
  const { TROUPE_MCP_URL: url, TROUPE_AGENT_TOKEN: token } = environmentOf(pid)
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const answer = await fetch(url ?? '', { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }) })
  return ((await answer.json()) as { result: { tools: { name: string }[] } }).result.tools.map(({ name }) => name)
}

describe('leads', () => {
  it('T22, agentic-team #36: a lead makes workers within its limits, hears of their end, and they make none', async () => {
    const team = new Shop(shop([{ when: 'work', do: [{ text: 'worked' }] }, { when: 'linger', do: [{ tool: 'sleep', args: { ms: 600_000 } }, { text: 'over' }] }], {
      compose: { max_spawns: 2 },
      lead: { permission_mode: 'confirm', budget: { daily_usd_limit: 3 } },
      agents: { boss: { runtime: 'scripted' } },
      leadRules: [{ when: 'delegate', do: [{ tool: 'spawn_worker', args: { task: 'work', name: 'helper', runtime: 'scripted' } }, { text: 'given away' }] }, { from: 'troupe', do: [{ tool: 'task_result', args: { task: 1 } }, { tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'heard' }] }],
    }))
    await team.ok('up')
    const lead = await team.pid('lead')
    expect(await toolsOf(lead)).toEqual(expect.arrayContaining(['spawn_worker', 'workers', 'task_result', 'stop_worker']))
    await team.ok('send', 'lead', 'delegate')
    await vi.waitFor(async () => expect((await team.mail()).find(({ to, from }) => to === 'p:lead' && from === 'troupe')?.text).toBe('Task #1 of your worker p:helper is done. The tool task_result tells what came of it.'), patiently)
    expect((await team.mail()).find(({ to }) => to === 'p:helper')).toMatchObject({ from: 'p:lead', text: 'work' })
    expect(team.workersInFile()['helper']).toMatchObject({ spawned: true, reports_to: 'lead', permission_mode: 'confirm', budget: { daily_usd_limit: 3 } })
    expect(await callAs(lead, 'task_result', { task: 1 })).toMatchObject({ isError: false, text: expect.stringContaining('"result":"worked"') })

    const helper = await team.pid('helper')
    const offered = await toolsOf(helper)
    expect(offered).toEqual(expect.arrayContaining(['task_done', 'task_failed']))
    expect(offered).not.toContain('spawn_worker')
    for (const [pid, who] of [[helper, 'p:helper'], [await team.pid('boss'), 'p:boss']] as const) {
      expect(await callAs(pid, 'spawn_worker', { task: 'work' })).toMatchObject({ isError: true, text: expect.stringContaining(`${who} may not make workers`) })
    }
    expect(await callAs(lead, 'spawn_worker', { task: 'work', cwd: '/' })).toMatchObject({ isError: true, text: expect.stringContaining('does not lie in the folder of p:lead') })
    expect(await callAs(lead, 'spawn_worker', { task: 'linger', name: 'slow' })).toMatchObject({ isError: false })
    expect(await callAs(lead, 'spawn_worker', { task: 'work' })).toMatchObject({ isError: true, text: expect.stringContaining('may make 2 tasks') })
    expect(await callAs(lead, 'stop_worker', { agent: 'boss' })).toMatchObject({ isError: true, text: expect.stringContaining('no worker of yours') })
    await vi.waitFor(async () => expect((await team.tasks()).find(({ agent }) => agent === 'p:slow')?.state).toBe('working'), patiently)
    expect(await callAs(lead, 'stop_worker', { agent: 'slow' })).toMatchObject({ isError: false, text: expect.stringContaining('"cancelled":[2]') })
    expect((await team.tasks()).map(({ state }) => state)).toEqual(['done', 'cancelled'])
    expect(Object.keys(team.workersInFile())).toEqual(['boss', 'helper', 'slow'])
    kill(lead)
    await vi.waitFor(async () => expect(await team.agent('lead')).toMatchObject({ phase: 'backoff', detail: expect.stringContaining('SIGKILL') }), patiently)
  })

  it('agentic-team #9, #10: a worker that waits for a person is shown, and ends a wait only where that is asked', async () => {
    const team = new Shop(shop([{ when: 'publish', do: [{ tool: 'Bash', args: { command: 'git push' } }, { text: 'pushed, or not' }] }]))
    await team.ok('up')
    await team.spawn('-n', 'w', 'publish it')
    const found = await team.waited('--attention', '--timeout', '60s')
    const waiting = await team.waited('--timeout', '1s')
    expect([found.ran.code, found.out.timedOut, found.out.waiting.map(({ agent, person }) => [agent, person])]).toEqual([0, false, [['p:w', true]]])
    expect([waiting.ran.code, waiting.out.timedOut]).toEqual([5, true])
    const [pending] = await team.json<{ n: number }[]>('approvals')
    await team.ok('deny', String(pending?.n))
    expect((await team.waited()).out.done).toMatchObject([{ agent: 'p:w' }])
  })
})
