import { expect, it, onTestFinished, vi } from 'vitest'
import { connect } from '../../src/client/connect.ts'
import { openLines } from '../../src/client/lines.ts'
import { teamPaths } from '../../src/config/paths.ts'
import { environmentOf, incarnations } from '../e2e/teams.ts'
import { kill, patiently, team, Troupe } from '../e2e/troupe.ts'
import { Tools } from './tools.ts'
import { trialFiles } from './trial.ts'

interface Inbox {
  messages: { id: number; text: string }[]
}

async function killDaemon(troupe: Troupe): Promise<void> {
  const { pid } = await troupe.daemon()
  kill(pid)
  await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
}

it('T5: a crash between stored and acknowledged: who asks again under the same key gets the one message that is there', async () => {
  const troupe = new Troupe(trialFiles(null))
  await troupe.ok('up')
  const { operatorSocket: socket } = teamPaths(troupe.root)
  const deaf = await openLines({ socket })
  onTestFinished(() => deaf.close())
  deaf.pause() // it never hears that its message was taken
  const letter = { to: 'a0', text: 'taken?', key: 'once' }
  deaf.send({ id: 1, call: 'send', input: letter })
  const other = await connect({ socket })
  const [stored] = await vi.waitFor(async () => {
    const mail = await other.call('mail', {})
    expect(mail).toHaveLength(1)
    return mail
  }, patiently)
  await killDaemon(troupe)
  const again = await troupe.json<{ id: string; n: number }>('send', letter.to, letter.text, '--key', letter.key)
  expect(again).toMatchObject({ id: stored?.id, n: stored?.n })
  expect(await troupe.mail()).toHaveLength(1)
  expect((await troupe.events()).filter(({ type }) => type === 'message.sent')).toHaveLength(1)
}, 300_000)

it('T5: a crash between fetched and acknowledged: the same copy comes once more, and never after its acknowledgement', async () => {
  const troupe = new Troupe(trialFiles(null))
  await troupe.ok('up')
  const { TROUPE_MCP_URL: url = '', TROUPE_AGENT_TOKEN: token = '' } = environmentOf(await troupe.pid('a0'))
  const tools = new Tools({ address: 'p:a0', url, token })
  onTestFinished(() => tools.close())
  const ask = async (name: string, args: object) => await vi.waitFor(async () => {
    const answer = await tools.call<Inbox>(name, { ...args })
    if (answer.kind !== 'ok') throw new Error(`${name}: ${answer.kind}`)
    return answer.value
  }, patiently)
  await troupe.ok('send', 'a0', 'fetched')
  const first = await ask('inbox_watch', { timeout_ms: 30_000 })
  expect(first.messages).toMatchObject([{ id: 1, text: 'fetched' }])
  await killDaemon(troupe)
  expect(await ask('inbox_watch', { timeout_ms: 30_000 })).toEqual(first)
  // The last answer has arrived, as this request shows: now the message is there, and waits for its acknowledgement.
  expect(await ask('inbox_watch', { timeout_ms: 0 })).toEqual({ messages: [] })
  await killDaemon(troupe)
  expect(await ask('inbox_watch', { timeout_ms: 0 })).toEqual({ messages: [] })
  expect(await ask('inbox_peek', {})).toEqual(first)
  await ask('inbox_ack', { ids: [1] })
  await killDaemon(troupe)
  for (const [name, args] of [['inbox_watch', { timeout_ms: 0 }], ['inbox_peek', {}]] as const) expect(await ask(name, args)).toEqual({ messages: [] })
}, 300_000)

it('T5: a crash between injected and acknowledged: the agent goes on with its turn, and sees at most one more copy', async () => {
  const slow = { '*': [{ when: '/^slow/', do: [{ tool: 'sleep', args: { ms: 4000 } }, { tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'done' }] }] }
  const troupe = new Troupe(team({ a: {} }, { scenario: slow }))
  await troupe.ok('up')
  const before = await incarnations(troupe)
  const { id } = await troupe.json<{ id: string }>('send', 'a', 'slow')
  await vi.waitFor(async () => expect((await troupe.explain(id)).deliveries[0]?.steps.some(({ what }) => /^(offered|delivered)/.test(what))).toBe(true), patiently)
  expect((await troupe.explain(id)).deliveries[0]?.state).not.toBe('acked')
  await killDaemon(troupe)
  await troupe.settled(1)
  const told = (await troupe.events()).filter(({ type }) => type.startsWith('delivery.'))
  expect(told.filter(({ type }) => type === 'delivery.offered').length).toBeLessThanOrEqual(2)
  expect(told.filter(({ type }) => type === 'delivery.acked')).toHaveLength(1)
  expect(await incarnations(troupe)).toEqual(before)
}, 300_000)
