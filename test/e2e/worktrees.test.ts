import { existsSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { run } from '../../src/util/spawn.ts'
import { team, Troupe } from './troupe.ts'

interface Listed { agent: string; path: string; branch: string; reasons: { what: string }[] }

it('works in its worktree, which outlives it, and goes only when nothing would be lost', async () => {
  const files = team({ dev: { worktree: true }, plain: {} }, { scenario: {}, compose: { name: 'site' } })
  const troupe = new Troupe(files)
  const git = async (folder: string, ...args: string[]): Promise<void> => void (await run(['git', '-c', 'user.name=A', '-c', 'user.email=a@example.com', '-C', folder, ...args], { env: troupe.env }))
  await git(troupe.root, 'init', '--quiet')
  writeFileSync(join(troupe.root, '.gitignore'), 'state/\n')
  await git(troupe.root, 'add', '.')
  await git(troupe.root, 'commit', '--quiet', '-m', 'first')

  await troupe.ok('up')
  const [kept] = await troupe.json<Listed[]>('worktree', 'ls')
  const path = kept?.path ?? ''
  expect(kept).toMatchObject({ agent: 'p:dev', branch: expect.stringMatching(/^troupe\/site-p-\w+\/dev$|^troupe\/site-p\/dev$/), reasons: [{ what: 'p:dev runs in it' }, { what: expect.stringContaining('works in it') }] })
  expect(readlinkSync(`/proc/${await troupe.pid('dev')}/cwd`)).toBe(realpathSync(path))
  expect(readlinkSync(`/proc/${await troupe.pid('plain')}/cwd`)).toBe(realpathSync(troupe.root))

  await troupe.ok('stop', 'dev')
  writeFileSync(join(path, 'work.txt'), 'w')
  const refused = await troupe.run('worktree', 'rm', 'dev')
  expect(refused.code).toBe(3)
  expect(refused.stderr).toContain('not tracked: work.txt')
  expect(await troupe.ok('gc')).not.toContain('worktree')
  await troupe.ok('start', 'dev')
  expect(readlinkSync(`/proc/${await troupe.pid('dev')}/cwd`)).toBe(realpathSync(path))

  await troupe.ok('stop', 'dev')
  await git(path, 'add', '.')
  await git(path, 'commit', '--quiet', '-m', 'work')
  expect((await troupe.run('worktree', 'rm', 'dev')).stderr).toContain('nowhere else')
  await git(troupe.root, 'merge', '--quiet', kept?.branch ?? '')
  await troupe.ok('worktree', 'rm', 'dev')
  expect(existsSync(path)).toBe(false)
  expect(await troupe.json('worktree', 'ls')).toEqual([])
})
