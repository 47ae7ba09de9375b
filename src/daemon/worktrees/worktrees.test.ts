import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { worktreeOf, type KeptWorktree } from '../../core/worktree.ts'
import { openStore } from '../../store/open.ts'
import { run, spawnDetached } from '../../util/spawn.ts'
import { yard, type Yard } from '../../../test/fixtures/worktrees.ts'

const gentle = { force: false, dropIgnored: false }
const force = { force: true, dropIgnored: false }

async function made(at: Yard, id = 'dev'): Promise<string> {
  const agent = at.agent(id)
  expect(await at.worktrees.ready(agent)).toBe(true)
  return agent.worktree.path
}

const rows = async (at: Yard): Promise<KeptWorktree[]> => await at.store.read((db) => db.worktrees.all())
const branches = async (at: Yard): Promise<string[]> => (await at.git(at.repository, 'for-each-ref', '--format=%(refname:short)', 'refs/heads')).split('\n')

it('makes a worktree outside of the repository on a branch of its own, keeps the folder, and finds it again', async () => {
  const at = await yard()
  const agent = at.agent('dev', join(at.repository, 'server'))
  expect(await at.worktrees.ready(agent)).toBe(true)
  expect(readFileSync(join(agent.cwd, 's.txt'), 'utf8')).toBe('s\n')
  expect(agent.worktree.path.startsWith(at.repository)).toBe(false)
  expect(await at.git(agent.cwd, 'branch', '--show-current')).toBe('troupe/site/dev')
  expect(await at.git(at.repository, 'status', '--porcelain')).toBe('')
  at.write(agent.cwd, { 'new.txt': 'kept' })
  expect(await at.again().ready(agent)).toBe(false)
  expect(readFileSync(join(agent.cwd, 'new.txt'), 'utf8')).toBe('kept')
  expect(await rows(at)).toMatchObject([{ agent: 'site:dev', branch: 'troupe/site/dev', base: await at.git(at.repository, 'rev-parse', 'HEAD'), state: 'made' }])
})

it('runs no hook of the repository', async () => {
  const at = await yard()
  at.write(at.repository, { '.git/hooks/post-checkout': `#!/bin/sh\ntouch ${at.folder}/MARK\n` })
  execFileSync('chmod', ['+x', join(at.repository, '.git/hooks/post-checkout')])
  await made(at)
  expect(existsSync(join(at.folder, 'MARK'))).toBe(false)
})

it('never takes a branch over that is there, nor a folder', async () => {
  const at = await yard()
  await at.git(at.repository, 'branch', 'troupe/site/dev')
  const path = await made(at)
  expect(await at.git(path, 'branch', '--show-current')).toBe('troupe/site/dev-2')
  const other = at.agent('other')
  at.write(other.worktree.path, { 'mine.txt': 'x' })
  await expect(at.worktrees.ready(other)).rejects.toThrow(/there is something at/)
  expect(await branches(at)).not.toContain('troupe/site/other')
})

it('says what to do where a repository has no commit yet', async () => {
  const at = await yard()
  await at.git(at.repository, 'update-ref', '-d', 'refs/heads/main')
  await expect(at.worktrees.ready(at.agent())).rejects.toThrow(/has no commit that a worktree could begin with/)
  expect(await rows(at)).toEqual([])
})

it('#33: removes what is clean, with its branch, and nothing else', async () => {
  const at = await yard()
  const path = await made(at)
  await made(at, 'other')
  expect(await at.worktrees.remove('dev', gentle)).toMatchObject({ backup: null })
  expect(existsSync(path)).toBe(false)
  expect(await branches(at)).toEqual(['main', 'troupe/site/other'])
  expect((await rows(at)).map(({ agent }) => agent)).toEqual(['site:other'])
  expect(await at.git(at.repository, 'worktree', 'list', '--porcelain')).not.toContain('site.dev')
})

const keeps: [string, RegExp, (at: Yard, path: string) => Promise<unknown>][] = [
  ['a change', /changed and not committed: a.txt/, async (at, path) => at.write(path, { 'a.txt': 'b' })],
  ['a staged change', /changed and not committed: x y.txt/, async (at, path) => (at.write(path, { 'x y.txt': 'b' }), await at.git(path, 'add', '.'))],
  ['a file that git does not know', /not tracked: new.txt/, async (at, path) => at.write(path, { 'new.txt': 'x' })],
  ['a file that git ignores', /ignored by git: .env/, async (at, path) => at.write(path, { '.env': 'SECRET=1' })],
  ['a stash', /stashed on its branch: WIP on troupe\/site\/dev/, async (at, path) => (at.write(path, { 'a.txt': 'b' }), await at.git(path, 'stash'))],
  ['a commit that is nowhere else', /commits that are nowhere else: \w+ mine/, async (at, path) => await at.git(path, 'commit', '--allow-empty', '-m', 'mine')],
  ['a commit of a detached HEAD', /commits that are nowhere else: \w+ loose/, async (at, path) => (await at.git(path, 'checkout', '--detach'), await at.git(path, 'commit', '--allow-empty', '-m', 'loose'))],
  ['a merge under way', /a merge is under way/, async (at, path) => {
    await at.git(at.repository, 'checkout', '-b', 'side')
    await at.git(at.repository, 'commit', '--allow-empty', '-m', 'side')
    await at.git(path, 'merge', '--no-ff', '--no-commit', 'side')
  }],
  ['a lock', /it is locked: on a stick/, async (at, path) => await at.git(at.repository, 'worktree', 'lock', '--reason', 'on a stick', path)],
  ['a change that git was told not to see', /hidden from git by update-index: a.txt/, async (at, path) => (await at.git(path, 'update-index', '--assume-unchanged', 'a.txt'), at.write(path, { 'a.txt': 'b' }))],
  ['a repository inside of it', /not tracked: lib\//, async (at, path) => (mkdirSync(join(path, 'lib')), await at.git(join(path, 'lib'), 'init'), at.write(path, { 'lib/x': 'y' }))],
  ['a submodule', /changed and not committed|repositories of their own/, async (at, path) => await at.git(path, '-c', 'protocol.file.allow=always', 'submodule', 'add', at.repository, 'sub')],
]

it.each(keeps)('T27: keeps a worktree with %s, by name, by prune and by gc alike', async (_what, why, spoil) => {
  const at = await yard()
  const path = await made(at)
  await spoil(at, path)
  const before = readdirSync(path)
  await expect(at.worktrees.remove('dev', gentle)).rejects.toThrow(why)
  const { removed, kept } = await at.worktrees.prune({ dropIgnored: false }, false)
  expect(removed).toEqual([])
  expect(kept[0]?.reasons.map(({ what }) => what).join()).toMatch(why)
  expect(readdirSync(path)).toEqual(before)
  expect(await rows(at)).toMatchObject([{ state: 'made' }])
})

it('T27: keeps a worktree that somebody works in, and one whose agent runs, whatever is asked for', async () => {
  const at = await yard()
  const path = await made(at)
  const pid = await spawnDetached(['sleep', '600'], { cwd: path, logFile: join(at.folder, 'log') })
  try {
    await expect(at.worktrees.remove('dev', force)).rejects.toThrow(new RegExp(`sleep \\(process ${pid}\\) works in it`))
  } finally {
    process.kill(pid, 'SIGKILL')
  }
  at.team.agents.push(at.agent())
  at.running.add('site:dev')
  await expect(at.worktrees.remove('dev', force)).rejects.toThrow(/site:dev runs in it/)
  expect(existsSync(path)).toBe(true)
})

it('T27: a commit counts as kept once another branch or a remote has it', async () => {
  const at = await yard()
  const path = await made(at)
  await at.git(path, 'commit', '--allow-empty', '-m', 'mine')
  await at.git(at.folder, 'init', '--bare', '--quiet', 'remote.git')
  await at.git(path, 'remote', 'add', 'origin', join(at.folder, 'remote.git'))
  await expect(at.worktrees.remove('dev', gentle)).rejects.toThrow(/nowhere else/)
  await at.git(path, 'push', '--quiet', 'origin', 'HEAD')
  await at.worktrees.remove('dev', gentle)
  expect(existsSync(path)).toBe(false)
  expect(await at.git(at.repository, 'log', '--format=%s', '-1', 'origin/troupe/site/dev')).toBe('mine')
})

it('T27: prune leaves the worktrees of agents of the team, and takes those whose agents left it', async () => {
  const at = await yard()
  const [mine, gone] = [await made(at), await made(at, 'gone')]
  at.team.agents.push(at.agent())
  expect((await at.worktrees.prune({ dropIgnored: false }, true)).removed.map(({ agent }) => agent)).toEqual(['site:gone'])
  expect(existsSync(gone)).toBe(true)
  await at.worktrees.prune({ dropIgnored: false }, false)
  expect([existsSync(mine), existsSync(gone)]).toEqual([true, false])
})

it('lets one that cannot be looked at hinder no other', async () => {
  const at = await yard()
  await made(at)
  const [row] = await rows(at)
  at.write(at.folder, { 'a-file': '' })
  await at.store.write(async (tx) => tx.worktrees.put({ ...row!, agent: 'site:gone', path: join(at.folder, 'a-file', 'site.gone') }))
  expect((await at.worktrees.list()).map(({ worktree, standing }) => [worktree.agent, standing.strange !== null]).toSorted()).toEqual([['site:dev', false], ['site:gone', true]])
})

it('--drop-ignored lets ignored files go, but no repository among them', async () => {
  const at = await yard()
  const path = await made(at)
  at.write(path, { 'build/out.js': 'x', 'build/dep/.git/HEAD': 'ref: refs/heads/main\n' })
  await expect(at.worktrees.remove('dev', { force: false, dropIgnored: true })).rejects.toThrow(/repositories of their own: build\/dep/)
  rmSync(join(path, 'build/dep'), { recursive: true })
  await at.worktrees.remove('dev', { force: false, dropIgnored: true })
  expect(existsSync(path)).toBe(false)
})

it('#33: --force makes a copy of everything first, and keeps the branch', async () => {
  const at = await yard()
  const path = await made(at)
  await at.git(path, 'commit', '--allow-empty', '-m', 'mine')
  at.write(path, { 'a.txt': 'changed', 'new.txt': 'new', '.env': 'SECRET=1' })
  const { backup } = await at.worktrees.remove('dev', force)
  expect(existsSync(path)).toBe(false)
  const names = execFileSync('tar', ['-xzvf', backup ?? '', '-C', at.folder]).toString()
  const copy = join(at.folder, names.split('\n')[0] ?? '')
  expect(['a.txt', 'new.txt', '.env'].map((name) => readFileSync(join(copy, name), 'utf8'))).toEqual(['changed', 'new', 'SECRET=1'])
  expect(await at.git(at.repository, 'log', '--format=%s', '-1', 'troupe/site/dev')).toBe('mine')
})

it('T35: links inside of a worktree go, and what they lead to stays', async () => {
  const at = await yard()
  at.write(at.folder, { 'treasure/gold.txt': 'gold' })
  const path = await made(at)
  symlinkSync(join(at.folder, 'treasure'), join(path, 'link'))
  mkdirSync(join(path, 'build'))
  symlinkSync(join(at.folder, 'treasure'), join(path, 'build', 'link'))
  await at.git(path, 'add', 'link')
  await at.git(path, 'commit', '-m', 'link')
  await at.git(at.repository, 'merge', '--quiet', 'troupe/site/dev')
  await at.worktrees.remove('dev', { force: false, dropIgnored: true })
  expect(existsSync(path)).toBe(false)
  expect(readFileSync(join(at.folder, 'treasure/gold.txt'), 'utf8')).toBe('gold')
})

it('T35: a worktree that became a link, or whose place did, is left alone', async () => {
  const at = await yard()
  const path = await made(at)
  at.write(at.folder, { 'treasure/gold.txt': 'gold' })
  renameSync(path, `${path}.away`)
  symlinkSync(join(at.folder, 'treasure'), path)
  await expect(at.worktrees.remove('dev', force)).rejects.toThrow(/is no folder, but a link/)
  await expect(at.worktrees.ready(at.agent())).rejects.toThrow(/cannot work in its worktree/)
  rmSync(path)
  renameSync(`${path}.away`, path)
  const place = dirname(path)
  renameSync(place, join(at.folder, 'moved'))
  symlinkSync(join(at.folder, 'moved'), place)
  await expect(at.worktrees.remove('dev', force)).rejects.toThrow(/is no folder, but a link/)
  expect(readFileSync(join(at.folder, 'treasure/gold.txt'), 'utf8')).toBe('gold')
  expect(existsSync(join(at.folder, 'moved', basename(path), 'a.txt'))).toBe(true)
})

it.each([
  ['a pipe that nobody writes to', (file: string) => execFileSync('mkfifo', [file])],
  ['a folder', (file: string) => mkdirSync(file)],
] as const)('T35: a note of git’s that leads to %s neither holds anybody up nor hinders another worktree', async (_what, make) => {
  const at = await yard()
  const path = await made(at)
  await made(at, 'other')
  mkdirSync(join(at.folder, 'evil'))
  make(join(at.folder, 'evil', 'gitdir'))
  writeFileSync(join(path, '.git'), `gitdir: ${join(at.folder, 'evil')}\n`)
  expect((await at.worktrees.list()).map(({ worktree, reasons }) => [worktree.agent, reasons.map(({ what }) => what).join()])).toEqual([
    ['site:dev', expect.stringMatching(/is no worktree of .* any more/)],
    ['site:other', ''],
  ])
  await expect(at.worktrees.ready(at.agent())).rejects.toThrow(/cannot work in its worktree/)
})

it('T35: no agent is led out of its worktree by a link in the repository, and the worktree is taken back', async () => {
  const at = await yard()
  symlinkSync(at.folder, join(at.repository, 'out'))
  await at.git(at.repository, 'add', 'out')
  await at.git(at.repository, 'commit', '-m', 'out')
  rmSync(join(at.repository, 'out'))
  mkdirSync(join(at.repository, 'out'))
  const agent = at.agent('dev', join(at.repository, 'out'))
  await expect(at.worktrees.ready(agent)).rejects.toThrow(/leads out of the worktree/)
  expect(await rows(at)).toEqual([])
  expect(await branches(at)).toEqual(['main'])
})

it('undo takes a worktree back that nobody has worked in, and no other', async () => {
  const at = await yard()
  const path = await made(at)
  at.write(path, { 'new.txt': 'x' })
  await at.worktrees.undo(at.agent())
  expect(existsSync(path)).toBe(true)
  rmSync(join(path, 'new.txt'))
  await at.worktrees.undo(at.agent())
  expect([existsSync(path), await branches(at), await rows(at)]).toEqual([false, ['main'], []])
})

it('brings a worktree back whose folder somebody removed, with what was committed there', async () => {
  const at = await yard()
  const path = await made(at)
  at.write(path, { 'work.txt': 'w' })
  await at.git(path, 'add', '.')
  await at.git(path, 'commit', '-m', 'work')
  rmSync(path, { recursive: true })
  expect(await at.again().ready(at.agent())).toBe(true)
  expect(readFileSync(join(path, 'work.txt'), 'utf8')).toBe('w')
})

it.each([
  ['before anything was made', async () => {}],
  ['with the branch', async (at: Yard) => void (await at.git(at.repository, 'branch', 'troupe/site/dev'))],
  ['in the middle of the checkout', async (at: Yard, path: string) => {
    await at.git(at.repository, 'worktree', 'add', '--no-checkout', '-b', 'troupe/site/dev', path)
    await at.git(at.repository, 'worktree', 'lock', '--reason', 'initializing', path)
  }],
  ['with everything made', async (at: Yard, path: string) => void (await at.git(at.repository, 'worktree', 'add', '-b', 'troupe/site/dev', path))],
  ['with an empty folder', async (_at: Yard, path: string) => void mkdirSync(path, { recursive: true })],
])('killed while it makes one, %s: the next start mends it', async (_when, leave) => {
  const at = await yard()
  const agent = at.agent()
  const { path, branch } = agent.worktree
  await at.store.write(async (tx) => tx.worktrees.put({ path, agent: agent.address, repository: at.repository, branch, base: await at.git(at.repository, 'rev-parse', 'HEAD'), state: 'making', madeAt: 1 }))
  await leave(at, path)
  const next = at.again()
  await next.start()
  expect([await rows(at), await branches(at), existsSync(path)]).toEqual([[], ['main'], false])
  expect(await next.ready(agent)).toBe(true)
  expect(await at.git(path, 'status', '--porcelain', '--branch')).toBe('## troupe/site/dev')
})

it('waits for the git of a daemon that was killed', async () => {
  const at = await yard()
  const agent = at.agent()
  const { path, branch } = agent.worktree
  await at.store.write(async (tx) => tx.worktrees.put({ path, agent: agent.address, repository: at.repository, branch, base: await at.git(at.repository, 'rev-parse', 'HEAD'), state: 'making', madeAt: 1 }))
  const pid = await spawnDetached([process.execPath, '-e', 'setTimeout(() => {}, 600_000)', path], { cwd: at.folder, logFile: join(at.folder, 'log') })
  let over = false
  const started = at.again().start().then(() => (over = true))
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect([over, await rows(at)]).toMatchObject([false, [{ state: 'making' }]])
  process.kill(pid, 'SIGKILL')
  await started
  expect(await rows(at)).toEqual([])
})

it.each([
  ['before the first step', false, async () => {}],
  ['while it was looked at aside', false, async (_at: Yard, path: string) => renameSync(path, `${path}.going`)],
  ['while its files went', true, async (_at: Yard, path: string) => (renameSync(path, `${path}.gone`), rmSync(join(`${path}.gone`, 'a.txt')))],
  ['before git forgot it', true, async (_at: Yard, path: string) => rmSync(path, { recursive: true })],
  ['before its branch went', true, async (at: Yard, path: string) => void (await at.git(at.repository, 'worktree', 'remove', path))],
])('killed while it removes one, %s: the next start goes on, or puts it back', async (_when, gone, leave) => {
  const at = await yard()
  const path = await made(at)
  await at.store.write(async (tx) => tx.worktrees.put({ ...(await tx.worktrees.get(path))!, state: 'removing' }))
  await leave(at, path)
  await at.again().start()
  expect(existsSync(path)).toBe(!gone)
  expect(existsSync(`${path}.going`) || existsSync(`${path}.gone`)).toBe(false)
  expect(await branches(at)).toEqual(gone ? ['main'] : ['main', 'troupe/site/dev'])
  expect(await rows(at)).toMatchObject(gone ? [] : [{ state: 'made' }])
  if (!gone) expect(await at.git(path, 'status', '--porcelain', '--branch')).toBe('## troupe/site/dev')
})

it('T30: hostile names of repositories and agents reach git as they are, and nothing is run', async () => {
  const at = await yard()
  const repository = join(at.folder, '$(touch MARK) `x`; -b "q"')
  mkdirSync(repository)
  await at.git(repository, 'init', '--quiet', '--initial-branch=main;touch-MARK')
  at.write(repository, { '-rf': 'x' })
  await at.git(repository, 'add', '--', '-rf')
  await at.git(repository, 'commit', '--quiet', '-m', 'x')
  const plain = at.agent('$(touch MARK)')
  const worktree = worktreeOf({ home: at.home, root: at.folder, team: '-t;', project: 'p', agent: plain.id, repository, cwd: repository })
  const agent = { ...plain, worktree, cwd: worktree.folder }
  await at.worktrees.ready(agent)
  expect(readFileSync(join(agent.cwd, '-rf'), 'utf8')).toBe('x')
  await at.worktrees.remove(agent.address, gentle)
  expect((await run(['find', at.folder, '-name', 'MARK'])).stdout).toBe('')
})

it('killed at any moment, again and again: what is written down, what git knows and what is on the disk are one', { timeout: 240_000 }, async () => {
  const at = await yard()
  const agent = at.agent()
  const { path } = agent.worktree
  const loop = join(import.meta.dirname, '../../../test/fixtures/worktree-loop.ts')
  await at.store.close()
  for (let kill = 0; kill < 8; kill += 1) {
    const stop = new AbortController()
    const ran = run([process.execPath, loop, at.folder, JSON.stringify(agent)], { env: { ...at.env, NODE_NO_WARNINGS: '1' }, signal: stop.signal })
    await new Promise((resolve) => setTimeout(resolve, 700 + kill * 157))
    stop.abort()
    expect((await ran).stderr).toBe('')
    const store = await openStore({ type: 'sqlite', path: join(at.folder, 'mailbox.db') }, { root: at.folder, host: 'here', env: {}, clock: systemClock })
    const next = at.again(store)
    await next.start()
    const kept = await store.read((db) => db.worktrees.all())
    expect(kept.every(({ state }) => state === 'made')).toBe(true)
    expect([existsSync(path), (await branches(at)).includes('troupe/site/dev')]).toEqual([kept.length === 1, kept.length === 1])
    expect([existsSync(`${path}.going`), existsSync(`${path}.gone`)]).toEqual([false, false])
    expect((await at.git(at.repository, 'worktree', 'list')).split('\n')).toHaveLength(1 + kept.length)
    await next.ready(agent)
    expect(await at.git(path, 'status', '--porcelain', '--branch')).toBe('## troupe/site/dev')
    await store.close()
  }
})
