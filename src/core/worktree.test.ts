import fc from 'fast-check'
import { expect, it } from 'vitest'
import { nothingStands, reasonsToStay, worktreeOf, type Standing } from './worktree.ts'

const wanted = { home: '/home/me/.troupe/worktrees', root: '/srv/work/site/.team', team: 'site', project: 'site', agent: 'dev', repository: '/srv/work/site', cwd: '/srv/work/site/server' }
const ask = { force: false, dropIgnored: false }
const what = (standing: Partial<Standing>, removal: Partial<typeof ask> = {}): string[] => reasonsToStay({ ...nothingStands, ...standing }, { ...ask, ...removal }).map((reason) => reason.what)

it('has the same place each time, outside of the repository, with the folder kept', () => {
  const worktree = worktreeOf(wanted)
  expect(worktree).toEqual(worktreeOf(wanted))
  expect(worktree).toMatchObject({ branch: 'troupe/site/dev', from: '/srv/work/site/server', folder: `${worktree.path}/server` })
  expect(worktree.path).toMatch(/^\/home\/me\/\.troupe\/worktrees\/site-[0-9a-f]{10}\/site\.dev$/)
  expect(worktreeOf({ ...wanted, cwd: '/srv/work/site' }).folder).toBe(worktree.path)
  expect(worktreeOf({ ...wanted, project: 'web' }).branch).toMatch(/^troupe\/site-web\/dev$/)
})

it('T30: whatever names there are, places and branches stay short and plain, and no two are one', () => {
  const name = fc.oneof(fc.string({ minLength: 1, maxLength: 200 }), fc.constantFrom('$(id)', '`id`', '-rf', 'a..b', 'x.lock', '.git', 'HEAD', 'a\nb', 'Ä', 'dev', 'Dev', '../../etc', 'a/b', '@{', '~'))
  fc.assert(
    fc.property(name, name, (one, other) => {
      const [first, second] = [one, other].map((agent) => worktreeOf({ ...wanted, agent, team: one }))
      expect(first?.branch).toMatch(/^troupe\/[a-z0-9_][a-z0-9_-]{0,90}\/[a-z0-9_][a-z0-9_-]{0,46}$/)
      expect(first?.path).toMatch(/^\/home\/me\/\.troupe\/worktrees\/site-[0-9a-f]{10}\/site\.[a-z0-9_-]{1,47}$/)
      expect(first?.path === second?.path).toBe(one === other)
    }),
  )
})

it('T27: may go only where nothing would be lost', () => {
  expect(what({})).toEqual([])
  expect(what({ changed: ['a'] })).toEqual(['changed and not committed: a'])
  expect(what({ untracked: ['1', '2', '3', '4', '5', '6', '7'] })).toEqual(['not tracked: 1, 2, 3, 4, 5 and 2 more'])
  expect(what({ hidden: ['a'], repositories: ['sub'], stashes: ['WIP'], commits: ['abc x'], operation: 'merge' })).toHaveLength(5)
})

it('T27: what git ignores stays too, until somebody says that it may go', () => {
  expect(what({ ignored: ['.env'] })).toEqual(['ignored by git: .env'])
  expect(what({ ignored: ['.env'] }, { dropIgnored: true })).toEqual([])
})

it('T27: what is locked or in use stays, whatever is asked for', () => {
  const used = { locked: 'on a stick', leases: ['p:a'], processes: [{ pid: 7, program: 'vim' }] }
  expect(what(used, { force: true })).toEqual(['p:a runs in it', 'vim (process 7) works in it', 'it is locked: on a stick'])
  expect(what({ changed: ['a'], commits: ['b'] }, { force: true })).toEqual([])
})

it('what is not the worktree that was made is left alone, and what is gone cannot be lost', () => {
  expect(what({ strange: 'a link is there', changed: ['a'] }, { force: true })).toEqual(['a link is there'])
  expect(what({ missing: true, changed: ['a'] })).toEqual([])
})
