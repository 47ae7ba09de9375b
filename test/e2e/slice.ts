import { expect, it, vi } from 'vitest'
import { kill, patiently, type Row, type Troupe } from './troupe.ts'

/** What must hold for two agents that talk, whatever they are and wherever their mail is kept. */
export function slice(make: () => Troupe): void {
  it('comes up, talks both ways with proof, survives kill -9 of an agent and of the daemon, and goes without a trace', async () => {
    const troupe = make()
    await troupe.ok('up')
    const rows = await troupe.json<Row[]>('ps')
    expect(rows.map(({ agent }) => agent)).toEqual(['hello:manager', 'hello:dev'])

    await troupe.ok('send', 'manager', 'Have the notes written')
    const mail = await troupe.settled(3)
    expect(mail.map(({ from, to }) => `${from} > ${to}`).toReversed()).toEqual(['user > hello:manager', 'hello:manager > hello:dev', 'hello:dev > hello:manager'])
    for (const { id } of mail) {
      const { deliveries } = await troupe.explain(id)
      for (const delivery of deliveries) {
        expect(delivery.proof).toMatch(/^(tool|hook|record|protocol)$/)
        expect(delivery.steps.at(-1)?.what).toContain('acknowledged')
      }
    }

    const before = await troupe.agent('dev')
    const innocent = await troupe.agent('manager')
    const session = (await troupe.json<{ session: string | null }>('inspect', 'dev')).session
    kill(await troupe.pid('dev'))
    await troupe.ok('send', 'dev', 'Still there?')
    await vi.waitFor(async () => {
      const now = await troupe.agent('dev')
      expect(now.incarnation).not.toBeNull()
      expect(now.incarnation).not.toBe(before.incarnation)
    }, patiently)
    await troupe.settled(4)
    expect(await troupe.agent('manager')).toMatchObject({ incarnation: innocent.incarnation, restarts: 0 })
    expect((await troupe.json<{ session: string | null }>('inspect', 'dev')).session).toBe(session)

    const incarnations = (await troupe.json<Row[]>('ps')).map(({ incarnation }) => incarnation)
    const { pid } = await troupe.daemon()
    kill(pid)
    await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
    expect((await troupe.json<Row[]>('ps')).map(({ incarnation }) => incarnation)).toEqual(incarnations)
    await troupe.ok('send', 'manager', 'And once more')
    await troupe.settled(7)

    await troupe.ok('down')
    await vi.waitFor(async () => expect(await troupe.leftOver()).toEqual([]), patiently)
  }, 300_000)
}
