import { pino } from 'pino'
import { expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import type { Daemon } from '../daemon/daemon.ts'
import { talkative } from './talkative.ts'

it('has a line for every request to a model, without what is said in it', async () => {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) })
  const answers = [() => Promise.resolve(new Response('the answer', { status: 429 })), () => Promise.reject(new Error('the reason'))]
  const daemon = talkative({ model: () => answers.shift()!() } as unknown as Daemon, log, systemClock)
  const ask = () => daemon.model({ kind: 'agent', address: 'office:alice' } as Parameters<Daemon['model']>[0], new Request('http://here/model/v1/messages?key=secret', { method: 'POST', body: 'the question' }))
  expect(await (await ask()).text()).toBe('the answer')
  await expect(ask()).rejects.toThrow('the reason')
  expect(lines).toMatchObject([429, 'fault'].map((went) => ({ msg: 'model', who: 'office:alice', call: '/model/v1/messages', ms: expect.any(Number) as number, went })))
  expect(JSON.stringify(lines)).not.toMatch(/the answer|the question|secret/)
})
