import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { teamRoot } from '../../test/fixtures/config-samples.ts'
import { liveDaemon } from '../../test/fixtures/live-daemon.ts'
import { openLog } from '../server/log.ts'
import { openGround } from './ground.ts'

const onPersons = (root: string): void => {
  const file = join(root, 'team-compose.yaml')
  writeFileSync(file, `supervisor: { tmux_server: default }\n${readFileSync(file, 'utf8')}`)
}

async function ground(root: string) {
  return await openGround({ root, env: { HOME: root, PATH: process.env['PATH'] ?? '' }, clock: systemClock, log: openLog(join(root, 'log')) })
}

it('looks for what runs where it was started, whatever the files say by now', async () => {
  const root = teamRoot()
  const first = await ground(root)
  expect(first.terminals.tmuxServer).toBe('own')
  const team = first.desired.team
  const applied = { at: 1, files: {}, values: {}, leaving: [] }
  await first.store.write(async (tx) => await first.desired.put(tx, team, applied))
  await first.store.close()
  onPersons(root)
  const second = await ground(root)
  expect(second.terminals.tmuxServer).toBe('own')
  await second.store.write(async (tx) => await second.desired.release(tx))
  await second.store.close()
  // Nothing is to run: the files count.
  const third = await ground(root)
  expect(third.terminals.tmuxServer).toBe('default')
  await third.store.close()
})

it('starts nobody where the next daemon would not look', async () => {
  const live = await liveDaemon({ names: [] })
  try {
    writeFileSync(join(live.root, 'team-compose.yaml'), JSON.stringify({ version: 2, supervisor: { tmux_server: 'default' }, projects: [{ file: 'projects/p.yaml' }] }))
    const up = live.daemon.call({ kind: 'operator', via: 'socket' }, 'up', { agents: [], env: {}, timeoutMs: 1_000 }, new AbortController().signal)
    await expect(up).rejects.toMatchObject({ code: 'config', message: expect.stringContaining('not the one that the daemon has open') as string, hint: 'troupe down, then troupe up' })
  } finally {
    await live.close()
  }
})
