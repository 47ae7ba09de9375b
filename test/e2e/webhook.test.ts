import { expect, it, onTestFinished, vi } from 'vitest'
import { WebhookServer } from '../fixtures/webhook.ts'
import { patiently, team, Troupe } from './troupe.ts'

const scenario = {
  'p:a': [{ when: '/^Release/', do: [{ tool: 'request_approval', args: { action: 'release', summary: 'one', payload: {} } }, { tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'done' }] }],
}

it('a webhook shows what is asked for, and takes signed verdicts and mail at the daemon’s door, each once', async () => {
  const hook = await new WebhookServer().start()
  onTestFinished(() => hook.stop())
  const interfaces = [{ type: 'webhook', name: 'ops', config: { url: hook.url, secret_env: 'OPS_KEY' } }]
  const troupe = new Troupe({ ...team({ a: {} }, { scenario, compose: { interfaces } }), '.env': `OPS_KEY=${hook.key}\n` })
  await troupe.ok('up')
  const { address } = await troupe.daemon()
  const send = async ({ body, headers }: ReturnType<WebhookServer['signed']>, name = 'ops') => (await fetch(`${address}/gateway/${name}`, { method: 'POST', body, headers })).status
  const ann = { id: 'ann@example.org', name: 'Ann' }
  const mail = hook.signed({ id: 'mail 1', user: ann, text: '/dm a Release' })
  expect(await send(mail)).toBe(200)
  expect(await send(mail)).toBe(409)
  expect(await send(hook.signed({ id: 'mail 1', user: ann, text: '/dm a Release' }))).toBe(200)
  const card = await vi.waitFor(() => {
    const found = hook.received.find(({ text }) => text?.startsWith('🔐 #1'))
    if (found === undefined) throw new Error('no card yet')
    return found
  }, patiently)
  expect(card).toMatchObject({ kind: 'text', buttons: [{ label: '✅ Approve' }, { label: '❌ Deny' }] })
  const verdict = hook.signed({ id: 'v', user: ann, approval: 1, verdict: 'approve' })
  expect(await send({ ...verdict, body: verdict.body.replace('approve', 'deny') })).toBe(401)
  expect(await send(verdict, 'other')).toBe(401)
  expect(await send(verdict)).toBe(200)
  await vi.waitFor(() => expect(hook.received.map(({ kind, text }) => `${kind} ${text}`)).toContainEqual(expect.stringMatching(/^edit [\s\S]*✅ Approved by webhook:ann@example\.org \(Ann\)/)), patiently)
  expect((await troupe.mail()).filter(({ from }) => from === 'user')).toHaveLength(1)
  expect(await troupe.ok('tail', '--lines', '10000', '--json')).not.toContain(hook.key)
}, 240_000)
