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

it('takes what troupe writes while it looks for no change of anybody else', async () => {
  const file = join(on.folder, 'project.yaml')
  writeFileSync(file, '0')
  const changes = new ForeignChanges({ store: on.store, clock: on.clock, agents: on.agents, files: async () => [{ file, ownedBy: null, concerns: null }], report: (_what, error) => on.faults.push(error) })
  const write = (n: number): void => {
    writeFileSync(file, `${n}`)
    changes.wrote(file, `${n - 1}`, `${n}`)
  }
  for (let n = 1; n <= 60; n += 1) {
    const looking = n === 1 ? changes.start() : changes.applied()
    for (let turns = n % 6; turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve))
    write(n)
    await looking
  }
  await changes.stop()
  expect(await on.store.read((db) => db.events.recent({ type: 'file.changed', limit: 9 }))).toEqual([])
})
