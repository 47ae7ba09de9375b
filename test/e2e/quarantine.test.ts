import { expect, it, vi } from 'vitest'
import { incarnations, shellAgent } from './teams.ts'
import { kill, patiently, team, Troupe } from './troupe.ts'

/** Five starts with the real waits between them: 5, 10, 20 and 40 s, a fifth longer at most. */
const untilQuarantine = { timeout: 400_000, interval: 500 }

it('puts an agent that ends again and again into quarantine, over a killed daemon, until somebody restarts it', async () => {
  const flaky = shellAgent('flaky', '[ -e mended ] || exit 3; echo ready; cat')
  const troupe = new Troupe({ ...team({ flaky: { runtime: 'flaky' }, other: {} }), ...flaky })
  const up = await troupe.run('up')
  expect(up.code).toBe(1)
  expect(up.stderr).toContain('p:flaky')
  const before = await incarnations(troupe)
  await vi.waitFor(async () => expect((await troupe.agent('flaky')).restarts).toBe(2), untilQuarantine)
  kill((await troupe.daemon()).pid)
  await vi.waitFor(async () => expect((await troupe.agent('flaky')).phase).toBe('quarantined'), untilQuarantine)
  const journal = (await troupe.events()).filter((line) => line.agent === 'p:flaky')
  expect(journal.filter((line) => line.type === 'agent.ended')).toHaveLength(5)
  expect((await troupe.agent('flaky')).detail).toMatch(/ended 5 times.*exit 3/)

  const left = await troupe.run('up')
  expect(left.code).toBe(1)
  expect(left.stderr).toMatch(/quarantine/)
  expect(left.stderr).toContain('troupe restart p:flaky')
  expect((await troupe.agent('flaky')).phase).toBe('quarantined')

  troupe.write({ mended: '' })
  await troupe.ok('restart', 'flaky')
  await vi.waitFor(async () => expect(await troupe.agent('flaky')).toMatchObject({ phase: 'idle', restarts: 0 }), patiently)
  expect((await incarnations(troupe))['p:other']).toBe(before['p:other'])
  expect((await troupe.agent('other')).restarts).toBe(0)
}, 600_000)
