import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Gateway, Post, Posted } from '../../src/core/gateway.ts'
import { loadGateway } from '../../src/gateways/index.ts'
import { WebhookServer } from '../fixtures/webhook.ts'
import { gatewayContract } from './gateway.ts'

const faults = { throttled: 429, unavailable: 503, refused: 400, dropped: 'drop', lost: 'lost' } as const

let server: WebhookServer
let gateway: Gateway

beforeEach(async () => {
  server = await new WebhookServer().start()
  gateway = await loadGateway('webhook', { secret: server.key, url: server.url })
})
afterEach(() => server.stop())

const ann = { id: '42', name: 'Ann' }
const post = ({ body, headers }: ReturnType<WebhookServer['signed']>): Post => ({ body, header: (name) => headers[name] ?? null })
const accept = (signed: ReturnType<WebhookServer['signed']>) => (gateway.inbound as Posted).accept(post(signed), Date.now())

describe('the gateway to a webhook', () => {
  gatewayContract(() => ({
    gateway,
    secret: server.key,
    shown: () => server.received.map(({ chat = '', text = '', buttons = [], silent = false }) => ({ chat, text, buttons: buttons.map(({ label }) => label), silent })),
    fail: (how) => void server.faults.push(faults[how]),
    said: async (text, chat) => {
      const { incoming } = accept(server.signed({ id: 'x1', user: { id: chat, name: 'Ann' }, text }))
      return { ...incoming, chat: { ...incoming.chat, id: chat } }
    },
    away: () => server.stop(),
  }))

  it('takes what is signed now with its key, and nothing else', () => {
    const good = server.signed({ id: 'a', user: ann, approval: 3, verdict: 'deny', note: 'no' })
    expect(accept(good)).toMatchObject({ nonce: good.headers['x-troupe-nonce'], incoming: { key: 'a', user: ann, did: { kind: 'verdict', approval: '3', verdict: 'deny', note: 'no' } } })
    const unauthorised = expect.objectContaining({ code: 'unauthorised' })
    const now = Math.floor(Date.now() / 1000)
    expect(() => accept({ ...good, body: good.body.replace('deny', 'approve') })).toThrow(unauthorised)
    for (const name of Object.keys(good.headers)) expect(() => accept({ ...good, headers: { ...good.headers, [name]: `${good.headers[name]}0` } })).toThrow(unauthorised)
    for (const at of [now - 400, now + 400]) expect(() => accept(server.signed({ id: 'a', user: ann, text: 'x' }, { at }))).toThrow(unauthorised)
    for (const wrong of [{ id: 'a', text: 'x' }, { id: 'a', user: ann }, { id: 'a', user: ann, text: 'x', approval: 1, verdict: 'approve' }]) {
      expect(() => accept(server.signed(wrong))).toThrow(expect.objectContaining({ code: 'usage' }))
    }
  })
})
