import { expect, it } from 'vitest'
import type { Gateway, Incoming, Sendable } from '../../src/core/gateway.ts'
import { toShape, type ErrorCode } from '../../src/core/error.ts'

/** A gateway before a platform that runs here. */
export interface GatewayStage {
  gateway: Gateway
  /** Must stand in nothing that comes out. */
  secret: string
  /** Texts that the person's device shows, oldest first. */
  shown(): { chat: string; text: string; buttons: string[]; silent: boolean }[]
  /** The next send fails so. `lost`: it arrives, and its answer does not come back. */
  fail(how: 'throttled' | 'unavailable' | 'refused' | 'dropped' | 'lost'): void
  /** A person writes; resolves with what the gateway makes of it. */
  said(text: string, chat: string): Promise<Incoming>
  /** Nobody answers at its address any more. */
  away(): Promise<void>
}

const signal = AbortSignal.timeout(60_000)
const chat = '42'
const text = (words: string, more: Partial<Sendable> = {}): Sendable => ({
  id: `id of ${words}`,
  chat,
  silent: false,
  content: { kind: 'text', text: words, format: 'plain', replyTo: null, buttons: [] },
  ...more,
})

/** What every way to people has to keep. */
export function gatewayContract(stage: () => GatewayStage): void {
  async function send(sendable: Sendable, done = 0): Promise<string[]> {
    const parts: string[] = []
    await stage().gateway.send(sendable, { done, part: async (message) => void parts.push(message) }, signal)
    return parts
  }

  async function failure(work: Promise<unknown>): Promise<{ code: ErrorCode; facts: Record<string, unknown> }> {
    const error: unknown = await work.then(() => expect.fail('it worked'), (why: unknown) => why)
    expect(JSON.stringify([toShape(error), String(error), (error as Error).stack, (error as Error).cause])).not.toContain(stage().secret)
    const { code, facts = {} } = toShape(error)
    return { code, facts }
  }

  it('says who it is', async () => {
    const identity = await stage().gateway.identify(signal)
    expect(identity).toEqual({ id: expect.stringMatching(/./), name: expect.stringMatching(/./), warnings: [] })
    expect(JSON.stringify(identity)).not.toContain(stage().secret)
  })

  it('shows a text as it is, in its chat, and gives the platform’s id of it', async () => {
    const words = 'a <b>&amp; *not bold* _x_ [l](u) \u{1F309} \\ `'
    const parts = await send(text(words, { silent: true }))
    expect(parts).toEqual([expect.stringMatching(/./)])
    expect(stage().shown()).toEqual([{ chat, text: words, buttons: [], silent: true }])
  })

  it('shows what a person can press', async () => {
    if (!stage().gateway.carries.buttons) return
    const buttons = [{ label: 'Yes', data: 'y'.repeat(64) }, { label: 'No', data: 'n' }]
    await send(text('sure?', { content: { kind: 'text', text: 'sure?', format: 'plain', replyTo: null, buttons } }))
    expect(stage().shown()).toEqual([{ chat, text: 'sure?', buttons: ['Yes', 'No'], silent: false }])
  })

  it('carries a long text whole, and goes on where it was cut off', async () => {
    const words = Array.from({ length: 2500 }, (_, n) => `word${n}`).join(' ')
    const parts = await send(text(words))
    const all = stage().shown().map((each) => each.text)
    expect(all.join('').replaceAll(/\s+/g, ' ')).toBe(words)
    expect(parts.length).toBe(all.length)
    await send(text(words), all.length - 1)
    expect(stage().shown().map((each) => each.text)).toEqual([...all, all.at(-1)])
  })

  it.each([
    ['throttled', 'throttled'],
    ['unavailable', 'unavailable'],
    ['dropped', 'unavailable'],
    ['refused', 'failed'],
  ] as const)('says %s where the platform does, and does not take it as sent', async (how, code) => {
    stage().fail(how)
    const parts: string[] = []
    const found = await failure(stage().gateway.send(text('words'), { done: 0, part: async (message) => void parts.push(message) }, signal))
    expect(found.code).toBe(code)
    if (code === 'throttled') expect(found.facts['retryAfterMs']).toBeGreaterThan(0)
    expect(parts).toEqual([])
    expect(stage().shown()).toEqual([])
    await send(text('words'))
    expect(stage().shown().map((each) => each.text)).toEqual(['words'])
  })

  it('does not know of what arrived where the answer was lost', async () => {
    stage().fail('lost')
    expect((await failure(send(text('words')))).code).toBe('unavailable')
    expect(stage().shown().map((each) => each.text)).toEqual(['words'])
  })

  it('says unavailable while nobody is there', async () => {
    await stage().away()
    expect((await failure(send(text('words')))).code).toBe('unavailable')
    expect((await failure(stage().gateway.identify(signal))).code).toBe('unavailable')
  })

  it('ends at once when it is told to', async () => {
    const abort = new AbortController()
    abort.abort()
    await failure(stage().gateway.send(text('words'), { done: 0, part: async () => undefined }, abort.signal))
    expect(stage().shown()).toEqual([])
  })

  it('hears what a person says, as the person said it', async () => {
    const words = 'do it \u{1F309}\n<b> *now*'
    expect(await stage().said(words, chat)).toMatchObject({
      key: expect.stringMatching(/./),
      chat: { id: chat, kind: 'private' },
      user: { id: chat, name: 'Ann' },
      did: { kind: 'text', text: words, forwarded: false },
    })
  })
}
