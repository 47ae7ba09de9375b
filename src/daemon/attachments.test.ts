import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { defaultAttachments } from '../core/limits.ts'
import type { Team } from '../core/team.ts'
import { preparePaths, teamPaths } from '../config/paths.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { Attachments } from './attachments.ts'
import { Janitor, type JanitorParts } from './janitor.ts'

let folder: string
let store: Store
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'attachments-'))
  store = await openStore({ type: 'sqlite', path: join(folder, 'mailbox.db') }, { root: folder, host: 'here', env: {}, clock: systemClock })
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

it('keeps the file of a message that was stored while gc looked who names it', async () => {
  const paths = teamPaths(folder)
  preparePaths(paths)
  // What a database far away answers is as old as the way back is long.
  let wayBack: Promise<void> = Promise.resolve()
  const slow = {
    write: store.write.bind(store),
    read: async (work: Parameters<Store['read']>[0]) => {
      const way = wayBack
      const found = await store.read(work)
      await way
      return found
    },
  } as unknown as Store
  const parts = { clock: systemClock, paths, team: () => ({ attachments: defaultAttachments }) as unknown as Team, settingName: (path: readonly string[]) => path.join('.'), environment: () => ({}) }
  const attachments = new Attachments({ ...parts, store: slow })
  const send = async (): Promise<string> =>
    await attachments.during([{ name: 'a.txt', content: Readable.from([Buffer.from('words')]) }], 'user', async ([kept]) => await Promise.resolve(kept!.sha256))
  const hash = await send()
  const { promise, resolve } = Promise.withResolvers<void>()
  wayBack = promise
  const removing = attachments.removeUnnamed([hash])
  wayBack = Promise.resolve()
  await send()
  resolve()
  expect([await removing, existsSync(attachments.fileOf(hash))]).toEqual([[], true])
  expect([await attachments.removeUnnamed([hash]), existsSync(attachments.fileOf(hash))]).toEqual([[hash], false])
})

it('a folder of files that somebody took away holds no gc up, and is there again for the next file', async () => {
  const paths = teamPaths(folder)
  preparePaths(paths)
  const team = (): Team => ({ budget: { messageTtlMs: 0 }, attachments: defaultAttachments, projects: [] }) as unknown as Team
  const parts = { store, clock: systemClock, paths, team, settingName: (path: readonly string[]) => path.join('.'), environment: () => ({}) }
  const attachments = new Attachments(parts)
  const janitor = new Janitor({ ...parts, attachments, worktrees: async () => 0, homes: async () => [] } as unknown as JanitorParts)
  rmSync(paths.attachments, { recursive: true })
  expect(await janitor.sweep({ project: null, dryRun: false })).toMatchObject({ files: 0 })
  const kept = await attachments.during([{ name: 'a.txt', content: Readable.from([Buffer.from('words')]) }], 'user', async (all) => await Promise.resolve(all))
  expect(kept.map(({ sha256 }) => existsSync(attachments.fileOf(sha256)))).toEqual([true])
})
