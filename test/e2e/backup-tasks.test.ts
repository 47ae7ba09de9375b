import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { run } from '../../src/util/spawn.ts'
import { kill, patiently } from './troupe.ts'
import { Shop, shop } from './workers.ts'

it('a backup made while tasks run is put back, where everything else was lost, to a team that goes on with them: worktrees, mail, order, the journal', async () => {
  const rules = [
    // Not before the test says so; the place outlives what is lost.
    { when: '/^slow (\\S+)/', do: [{ tool: 'Bash', args: { command: 'while [ ! -e {1} ]; do sleep 0.1; done' } }, { text: 'Slow, done.' }] },
    { when: 'quick', do: [{ text: 'Quick, done.' }] },
  ]
  const team = new Shop(shop(rules, { compose: { max_workers: 2 }, lead: { permission_mode: 'bypass' } }))
  const git = async (...args: string[]) => await run(['git', '-c', 'user.name=A', '-c', 'user.email=a@b.example', ...args], { env: team.env, cwd: team.root })
  const repository = async (): Promise<void> => {
    await git('init', '--quiet')
    await git('commit', '--quiet', '--allow-empty', '-m', 'first')
  }
  await repository()
  const [go, backup] = [join(team.folder, 'go'), join(team.folder, 'backup')]
  await team.ok('up')
  await team.spawn('-n', 'tree', '--worktree', `slow ${go}`)
  await team.spawn('-n', 'once', '--mode', 'oneshot', `slow ${go}`)
  await team.spawn('-n', 'next', 'quick, when somebody is free')
  await team.spawn('-n', 'last', '--after', '1', 'quick, after the first')
  await vi.waitFor(async () => expect((await team.tasks()).map(({ state }) => state)).toEqual(['working', 'working', 'queued', 'queued']), patiently)
  await team.ok('backup', backup)
  const before = (await team.json<{ agent: string; incarnation: string }[]>('ps')).map(({ incarnation }) => incarnation)

  // The machine is lost: no goodbye, no state, no worktree, a repository that knows nothing of it.
  const { keeper } = await team.daemon()
  if (keeper !== null) kill(keeper)
  for (const pid of await team.leftOver()) kill(pid)
  rmSync(join(team.folder, 'home'), { recursive: true })
  mkdirSync(join(team.folder, 'home'))
  renameSync(team.root, join(team.folder, 'lost'))
  mkdirSync(team.root)
  await repository()
  await team.ok('restore', backup, '--force')

  // A one-shot run that was under way may have come to its end after the copy: it is a person's to begin it again.
  const up = await team.run('up')
  const rows = await team.json<{ agent: string; phase: string; incarnation: string | null }[]>('ps')
  for (const { agent, incarnation } of rows) expect(before, agent).not.toContain(incarnation ?? 'none')
  expect(up).toMatchObject({ code: 1, stderr: expect.stringContaining('p:once') as string })
  writeFileSync(go, '')
  expect(await team.ok('retry', '2')).toContain('#2')
  const { ran, out } = await team.waited()
  expect(ran.code).toBe(0)
  expect(out.done.map(({ n, result }) => [n, result])).toEqual([[1, 'Slow, done.'], [2, 'Slow, done.'], [3, 'Quick, done.'], [4, 'Quick, done.']])
  expect((await git('worktree', 'list')).stdout).toContain('troupe/')
  expect(existsSync(join(team.folder, 'lost'))).toBe(true)
  expect(await team.ok('audit', 'verify')).toMatch(/^ok/)
}, 240_000)
