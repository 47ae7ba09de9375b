import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { incarnations, shellAgent } from '../e2e/teams.ts'
import { kill, patiently, team, type JournalLine, type Row } from '../e2e/troupe.ts'
import { FakedTime, whyNoFakedTime } from './faked-time.ts'

/** s */
const hour = 3_600
const mortal = { '*': [{ when: 'exit', do: [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { tool: 'exit', args: { code: 3 } }, { text: 'back' }] }] }
const slow = shellAgent('slow', 'until [ -e go ]; do sleep 0.2; done; echo ready; cat')

describe.skipIf(whyNoFakedTime() !== null)('T29: a clock that jumps by an hour under a running daemon', { timeout: 300_000 }, () => {
  it.each([
    ['forward', hour],
    ['back', -hour],
  ])('%s: nobody is restarted for it, no back-off outlasts its time, mail, tokens and order stay good', async (_, jump) => {
    const troupe = new FakedTime({ ...team({ calm: {}, falls: {}, late: { runtime: 'slow' } }, { scenario: mortal }), ...slow })
    await troupe.startDaemon()
    expect((await troupe.run('up', '--timeout', '3s')).code).toBe(5)
    const before = await incarnations(troupe)
    await troupe.ok('send', 'calm', 'before')
    await troupe.ok('send', 'late', 'queued over the jump')
    await troupe.ok('send', 'falls', 'exit')
    await vi.waitFor(async () => expect((await troupe.agent('falls')).phase).toBe('backoff'), patiently)

    troupe.shift(jump)
    await troupe.ok('send', 'calm', 'after')
    await vi.waitFor(async () => expect(await troupe.agent('falls')).toMatchObject({ phase: 'idle', restarts: 1 }), patiently)
    expect(await troupe.agent('late')).toMatchObject({ phase: 'starting', incarnation: before['p:late'], restarts: 0 })
    troupe.write({ go: '' })
    await vi.waitFor(async () => expect((await troupe.agent('late')).phase).toBe('idle'), patiently)
    kill(await troupe.pid('falls'))
    await vi.waitFor(async () => expect(await troupe.agent('falls')).toMatchObject({ phase: 'idle', restarts: 2 }), patiently)
    troupe.shift(0)
    await troupe.ok('send', 'calm', 'at last')
    await vi.waitFor(async () => {
      const open = (await troupe.mail()).filter(({ state, to }) => to !== 'p:late' && !state.startsWith('acked'))
      expect(open.map(({ n, state }) => `#${n} ${state}`)).toEqual([])
    }, patiently)

    const after = await incarnations(troupe)
    expect([after['p:calm'], after['p:late']]).toEqual([before['p:calm'], before['p:late']])
    const mail = (await troupe.mail()).toReversed()
    expect(mail.map(({ n }) => n)).toEqual(mail.map((_each, index) => index + 1))
    expect(mail.map(({ id }) => id)).toEqual(mail.map(({ id }) => id).toSorted())
    expect(mail.filter(({ to }) => to === 'p:calm').map(({ text }) => text)).toEqual(['before', 'after', 'at last'])
    const events = await troupe.events()
    expect([launches(events, 'p:calm'), launches(events, 'p:falls'), launches(events, 'p:late')]).toEqual([1, 3, 1])
    await troupe.ok('audit', 'verify')
    await troupe.ok('down')
  })

  it('leaves a parked agent parked until the time of day that it waits for, and tells it once', async () => {
    const troupe = new FakedTime(team({ a: {} }, { scenario: { '*': [{ when: 'used up', do: [{ status: 429, headers: { 'retry-after': '1800' } }] }] } }))
    await troupe.startDaemon()
    await troupe.ok('up')
    await troupe.ok('send', 'a', 'used up')
    await vi.waitFor(async () => expect((await troupe.agent('a')).phase).toBe('parked'), patiently)
    troupe.shift(-hour)
    await sleep(6_000)
    expect((await troupe.agent('a')).phase).toBe('parked')
    troupe.shift(hour)
    await vi.waitFor(async () => expect((await troupe.agent('a')).phase).not.toBe('parked'), patiently)
    expect((await troupe.json<Row[]>('ps'))[0]?.restarts).toBe(0)
    expect((await troupe.mail()).filter(({ from }) => from === 'troupe')).toHaveLength(1)
  })
})

function launches(events: JournalLine[], agent: string): number {
  return events.filter((line) => line.type === 'agent.launched' && line.agent === agent).length
}
