import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { openStore } from '../../src/store/open.ts'
import { patiently } from './troupe.ts'
import { Shop, shop } from './workers.ts'

it('a daemon whose place in the database another one has taken goes, says why, and is not brought back to take it again; its agents stay', async () => {
  const team = new Shop(shop([]))
  await team.ok('up')
  const [{ pid, keeper }, before] = [await team.daemon(), await team.agent('lead')]
  const state = join(team.root, 'state')
  const other = await openStore({ type: 'sqlite', path: join(state, 'mailbox.db') }, { root: team.root, host: hostname(), env: {}, clock: systemClock })
  try {
    const sent = await team.run('send', 'lead', 'hello')
    expect(sent.code).not.toBe(0)
    const isGone = (process: number | null): boolean => process === null || !existsSync(`/proc/${process}`)
    await vi.waitFor(() => expect([isGone(pid), isGone(keeper)]).toEqual([true, true]), patiently)
    expect(readFileSync(join(state, 'run', 'daemon.log'), 'utf8')).toMatch(/another daemon writes as host \S+ now; this one \(epoch 1\) was shut out/)
  } finally {
    await other.close()
  }
  expect(await team.agent('lead')).toMatchObject({ incarnation: before.incarnation })
  await team.ok('send', 'lead', 'hello again')
})
