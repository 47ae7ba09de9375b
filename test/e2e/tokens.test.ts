import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { teamPaths } from '../../src/config/paths.ts'
import { ask, toolCall } from '../fixtures/ask.ts'
import { liveDaemon, type LiveDaemon } from '../fixtures/live-daemon.ts'
import { patiently, team, Troupe } from './troupe.ts'

const onLinux = process.platform === 'linux' ? test : test.skip

onLinux('T6: the token of a run that ended is dead everywhere, at once, and after the daemon came back', async () => {
  const troupe = new Troupe(team({ ada: {}, bob: {} }))
  await troupe.ok('up')
  const tokenOf = async (name: string): Promise<string> => {
    const environment = readFileSync(`/proc/${await troupe.pid(name)}/environ`, 'utf8').split('\0')
    return environment.find((each) => each.startsWith('TROUPE_AGENT_TOKEN='))?.slice('TROUPE_AGENT_TOKEN='.length) ?? ''
  }
  const { address } = await troupe.daemon()
  const [ada, bob] = [await tokenOf('ada'), await tokenOf('bob')]
  const who = async (token: string, where = address): Promise<number> => (await ask(where, '/api/v1/whoami', { token, body: {} })).status
  const socketOf = async (name: string): Promise<string> => teamPaths(troupe.root).agentSocket((await troupe.agent(name)).incarnation ?? '')
  expect([await who(ada), await who(ada, await socketOf('ada')), await who(ada, await socketOf('bob'))]).toEqual([200, 200, 403])
  await troupe.ok('restart', 'ada')
  const next = await tokenOf('ada')
  expect(next).not.toBe(ada)
  expect([await who(ada), await who(ada, await socketOf('ada')), await who(next), await who(bob)]).toEqual([401, 401, 200, 200])
  const { pid } = await troupe.daemon()
  process.kill(pid, 'SIGKILL')
  await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
  await vi.waitFor(async () => expect([await who(ada), await who(next), await who(bob)]).toEqual([401, 200, 200]), patiently)
  const log = readFileSync(teamPaths(troupe.root).daemonLog, 'utf8')
  expect([ada, next, bob].filter((token) => log.includes(token))).toEqual([])
}, 300_000)

describe('T6: who one is comes from the connection', () => {
  let live: LiveDaemon
  let ada: LiveDaemon['agents'][string]
  let bob: LiveDaemon['agents'][string]

  beforeEach(async () => {
    live = await liveDaemon({ names: ['ada', 'bob', 'eve'] })
    ;[ada, bob] = [live.agents['ada']!, live.agents['bob']!]
  })

  afterEach(async () => {
    expect(live.reports).toEqual([])
    for (const secret of live.secrets) expect(live.log()).not.toContain(secret)
    await live.close()
  })

  test('forged, empty, cut, and misplaced tokens are nobody, on every door', async () => {
    const attempts: Record<string, string | string[]>[] = [
      {}, { authorization: '' }, { authorization: 'Bearer' }, { authorization: 'Bearer null' }, { authorization: `Bearer ${ada.token.slice(0, -1)}` }, { authorization: `Bearer ${ada.token}x` },
      { authorization: `Bearer ${ada.token.toUpperCase()}` }, { authorization: ada.token }, { authorization: `Basic ${ada.token}` }, { authorization: `Bearer ${ada.token} ${bob.token}` }, { authorization: `Bearer ${ada.incarnation}` },
      { 'x-api-key': ada.token }, { 'proxy-authorization': `Bearer ${ada.token}` }, { cookie: `token=${ada.token}` }, { 'x-troupe-agent': 'p:ada' }, { 'mcp-session-id': ada.token },
    ]
    for (const where of [live.url, ada.socket]) {
      for (const headers of attempts) {
        for (const path of ['/api/v1/whoami', '/mcp', '/hook', `/api/v1/whoami?token=${ada.token}`]) {
          const answer = await ask(where, path, { headers, body: {} })
          expect([headers, answer.status]).toEqual([headers, 401])
        }
      }
    }
  })

  test('an agent’s socket serves that agent alone; the operator’s token is not good there', async () => {
    const on = async (socket: string, token: string): Promise<number> => (await ask(socket, '/api/v1/whoami', { token, body: {} })).status
    expect(await on(ada.socket, ada.token)).toBe(200)
    expect([await on(ada.socket, bob.token), await on(bob.socket, ada.token), await on(ada.socket, live.operatorToken)]).toEqual([403, 403, 403])
    expect((await ask(ada.socket, '/api/v1/ps', { token: live.operatorToken, body: {} })).status).toBe(403)
    expect((await ask(ada.socket, '/api/v1/events', { token: live.operatorToken, method: 'GET' })).status).toBe(403)
  })

  test('no argument, header or id makes one agent another', async () => {
    const forged = { from: 'p:bob', sender: 'user', caller: { kind: 'operator' }, agent: 'p:bob', incarnation: bob.incarnation, trust: 'operator', chain: 'x', hop: -1 }
    expect((await ask(live.url, '/api/v1/dm', { token: ada.token, body: { ...forged, to: 'bob', text: 'secret word' }, headers: { 'x-troupe-agent': 'p:bob' } })).status).toBe(200)
    const [mail] = JSON.parse((await ask(live.url, '/api/v1/mail', { token: live.operatorToken, body: {} })).text) as { from: string; id: string; n: number; state: string }[]
    expect(mail).toMatchObject({ from: 'p:ada', state: 'queued' })
    const eve = live.agents['eve']?.token ?? ''
    for (const token of [eve, ada.token]) {
      for (const [operation, body] of [['inbox_read', { ids: [mail?.n] }], ['inbox_peek', {}], ['inbox_watch', { timeout_ms: 0 }], ['inbox_ack', { ids: [mail?.n] }]] as const) {
        const answer = await ask(live.url, `/api/v1/${operation}`, { token, body: { ...forged, ...body } })
        expect(JSON.parse(answer.text)).toEqual(operation === 'inbox_ack' ? { acked: 0 } : { messages: [] })
      }
      for (const operation of ['explain.message', 'mail', 'events', 'inspect', 'ps', 'send', 'daemon.token', 'daemon.stop', 'down']) {
        const answer = await ask(live.url, `/api/v1/${operation}`, { token, body: { id: mail?.id, agent: 'p:bob', to: 'bob', text: 'x' } })
        expect([operation, answer.status]).toEqual([operation, 403])
        expect(answer.text).not.toContain('secret word')
      }
      expect((await ask(live.url, '/mcp', { token, body: toolCall('explain.message', { id: mail?.id }) })).text).toContain('Unknown tool')
      // A hook that speaks of another one's mail proves nothing about it.
      await ask(live.url, '/hook', { token, body: { hook_event_name: 'UserPromptSubmit', prompt: `[mail #1 · id ${mail?.id}]\n<<<x`, agent_id: 'p:bob' } })
    }
    const [after] = JSON.parse((await ask(live.url, '/api/v1/mail', { token: live.operatorToken, body: {} })).text) as { state: string }[]
    expect(after?.state).toBe('queued')
    expect(JSON.parse((await ask(live.url, '/api/v1/inbox_peek', { token: bob.token, body: {} })).text)).toMatchObject({ messages: [{ text: 'secret word', sender: 'p:ada' }] })
  })
})
