import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { sha256 } from '../core/event.ts'
import { carriers } from '../../test/fixtures/carriers.ts'
import { ForeignChanges } from './foreign-changes.ts'

const on = carriers()

it('tells of a pipe in the place of a file, and waits for nobody to write to it', async () => {
  const file = join(on.folder, 'settings.json')
  writeFileSync(file, '{}')
  const changes = new ForeignChanges({ store: on.store, clock: on.clock, agents: on.agents, files: async () => [{ file, ownedBy: null, concerns: null }], report: (_what, error) => on.faults.push(error) })
  await changes.start()
  rmSync(file)
  execFileSync('mkfifo', [file])
  const told = async (): Promise<unknown[]> => (await on.store.read((db) => db.events.recent({ type: 'file.changed', limit: 9 }))).map(({ data }) => [data['was'], data['now']])
  await vi.waitFor(async () => expect(await told()).toEqual([[sha256('{}'), 'gone']]), { timeout: 10_000 })
  await changes.stop()
})
