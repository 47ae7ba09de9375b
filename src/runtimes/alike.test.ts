import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { testFolder } from '../../test/fixtures/folder.ts'
import { systemClock } from '../core/clock.ts'
import { loadRuntime, providers, runtimeNames } from './index.ts'

const clis = providers.map(({ runtime }) => runtime)

it.each(clis)('%s reads a state off a screen of its own alone: in a lane it is a view that somebody else draws', async (name) => {
  const modes = runtimeNames.modes[name] ?? []
  const reads = await Promise.all(modes.map(async (mode) => [mode, (await loadRuntime(name, null, mode)).looks !== undefined]))
  expect(reads).toEqual(modes.map((mode) => [mode, mode === 'terminal']))
})

it.each(clis)('%s names the files that decide what an agent may do: the person’s, and one that its launch alone writes', async (name) => {
  const host = { env: {}, home: '/home/p', isRoot: false, clock: systemClock }
  const { users, own } = (await loadRuntime(name, null, 'terminal')).guarded?.(host, '/agents/a') ?? { users: [], own: [] }
  expect(users.filter((file) => file.startsWith('/home/p/')).length).toBeGreaterThan(0)
  expect(own.filter((file) => file.startsWith('/agents/a/')).length).toBeGreaterThan(0)
})

it.each(clis)('%s tells where there is nothing to log in with, and that it is no problem', async (name) => {
  const folder = testFolder('alike-')
  const program = join(folder, 'cli')
  // Says a version to whoever asks, and all that is looked for in its help.
  const says = '9.9.9 --session-id --append-system-prompt-file --strict-mcp-config --skip-trust --policy --approval-mode --remote unix://PATH'
  writeFileSync(program, `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 })
  mkdirSync(join(folder, 'home'))
  const env = { PATH: '/usr/bin:/bin', [`TROUPE_${name.split('-')[0]!.toUpperCase()}`]: program }
  const health = await (await loadRuntime(name, null, 'terminal')).health({ env, home: join(folder, 'home'), isRoot: false, clock: systemClock })
  expect(health).toMatchObject({ installed: true, problem: null, features: { authenticated: false } })
})
