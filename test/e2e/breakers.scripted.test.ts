import { expect, it, vi } from 'vitest'
import { kill, patiently, team, Troupe } from './troupe.ts'

const ack = { tool: 'inbox_ack', args: { ids: '{ids}' } }
const scenario = {
  '*': [
    { when: '/^Talk/', do: [...Array.from({ length: 40 }, () => ({ tool: 'whoami', delay: 50 })), ack, { text: 'talked' }] },
    { when: '/^Work/', do: [...Array.from({ length: 20 }, () => ({ tool: 'print', args: { text: 'x' } })), ack, { text: 'worked' }] },
    { otherwise: [ack, { text: 'seen' }] },
  ],
}

it('T23: an agent that calls its model and does nothing is stopped, over kill -9 of the daemon, until a person lets it go on; one that works is not', async () => {
  const troupe = new Troupe(team({ a: { reports_to: 'lead' }, b: {} }, { scenario, compose: { breakers: { calls_without_work: 10 } } }))
  troupe.write({ 'projects/p.yaml': JSON.stringify({ version: 2, project: { id: 'p', name: 'P', cwd: '.' }, managers: { lead: { runtime: 'scripted' } }, workers: { a: { runtime: 'scripted', reports_to: 'lead' }, b: { runtime: 'scripted' } } }) })
  await troupe.ok('up')
  await troupe.ok('send', 'b', 'Work')
  await troupe.ok('send', 'a', 'Talk')
  const stopped = async (): Promise<void> => await vi.waitFor(async () => expect(await troupe.agent('a')).toMatchObject({ phase: 'parked', detail: expect.stringContaining('11 model calls within an hour in which it did nothing but talk (breakers.calls_without_work, team-compose.yaml:1)') }), patiently)
  await stopped()
  await vi.waitFor(async () => expect((await troupe.mail()).find(({ to, from }) => from === 'troupe' && to === 'p:lead')?.text).toContain('p:a is stopped'), patiently)
  const { pid } = await troupe.daemon()
  kill(pid)
  await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
  await stopped()
  await troupe.ok('start', 'a')
  await vi.waitFor(async () => expect((await troupe.agent('a')).phase).not.toBe('parked'), patiently)
  await vi.waitFor(async () => expect((await troupe.mail()).find(({ text }) => text === 'Work')?.state).toMatch(/^acked/), patiently)
  expect((await troupe.events()).filter(({ type }) => type === 'breaker.tripped').map(({ agent }) => agent)).toEqual(['p:a'])
}, 240_000)
