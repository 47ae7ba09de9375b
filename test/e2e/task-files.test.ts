import { cpSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync, chmodSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { run } from '../../src/util/spawn.ts'
import { kill, patiently } from './troupe.ts'
import { Shop, shop } from './workers.ts'

const rules = [
  { when: 'break', do: [{ tool: 'task_failed', args: { why: 'no such thing' } }, { text: 'gave up' }] },
  { when: 'linger', do: [{ tool: 'sleep', args: { ms: 2_000 } }, { text: 'over' }] },
  { when: '/\\S/', do: [{ text: 'worked' }] },
]

interface Planned { file: string; tasks: { line: number; title: string; do: string; why: string | null; task: number | null; agent: string | null; state: string | null }[] }

function write(team: Shop, text: string, name = 'TODO.md'): string {
  const file = join(team.folder, name)
  writeFileSync(file, text)
  return file
}

it('#6, #26: hands a file over once, in its order, beyond the limit of workers, past a failing task, and writes ticks and arrows and nothing else', { timeout: 240_000 }, async () => {
  const team = new Shop(shop(rules, { compose: { max_workers: 2 } }))
  await team.ok('up')
  const text = '\uFEFF# Plan\r\n\r\n* [ ] build it (name: build, after: base)  \r\n-  [ ]\tlay the base (see #12) (name: base)\r\n   with care\r\n```\r\n- [ ] no task\r\n```\r\n- [ ] break this (name: bad)\r\n- [ ] then that (name: late, after: bad)\r\n- [x] done by hand\r\n- [ ] one more (name: more, mode: oneshot)'
  const file = write(team, text)
  chmodSync(file, 0o640)
  const link = join(team.folder, 'LINK.md')
  symlinkSync(file, link)
  const watched = await team.run('run', link, '--watch')
  expect(watched.code, watched.stderr).toBe(1)
  const written = readFileSync(file, 'utf8')
  expect(written.replace(/ \d+m \d\ds/g, ' T')).toBe(
    '\uFEFF# Plan\r\n\r\n* [x] build it (name: build, after: base) ← build | done | T  \r\n-  [x]\tlay the base (see #12) (name: base) ← base | done | T\r\n   with care\r\n```\r\n- [ ] no task\r\n```\r\n- [ ] break this (name: bad) ← bad | failed | T\r\n- [ ] then that (name: late, after: bad) ← late | queued\r\n- [x] done by hand\r\n- [x] one more (name: more, mode: oneshot) ← more | done | T',
  )
  expect([statSync(file).mode & 0o777, lstatSync(link).isSymbolicLink()]).toEqual([0o640, true])

  const tasks = await team.tasks()
  expect(tasks.map(({ agent, state }) => [agent, state])).toEqual([['p:base', 'done'], ['p:build', 'done'], ['p:bad', 'failed'], ['p:late', 'queued'], ['p:more', 'done']])
  expect(await team.json('tasks', '1')).toMatchObject({ text: 'lay the base (see #12)\nwith care', title: 'lay the base (see #12)', origin: `${link}:4` })

  const again = await team.json<Planned>('run', file)
  expect(again.tasks.map(({ do: what, why }) => [what, why])).toEqual([['skip', 'done'], ['skip', 'done'], ['skip', 'failed'], ['skip', 'under way'], ['skip', 'ticked'], ['skip', 'done']])
  expect(await team.tasks()).toHaveLength(5)
  expect(readFileSync(file, 'utf8')).toBe(written)
  expect(await team.ok('sync', file)).toBe('No updates to sync.\n')
})

it('a restart of the daemon in the middle loses nothing and starts nothing twice, and the file may be edited meanwhile', { timeout: 240_000 }, async () => {
  const team = new Shop(shop(rules, { compose: { max_workers: 1 } }))
  await team.ok('up')
  const file = write(team, '- [ ] linger here (name: one)\n- [ ] linger there (name: two, after: one)\n- [ ] and work (name: three, after: two)\n')
  const watching = team.run('run', file, '--watch')
  await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toContain('← one | running'), patiently)
  kill((await team.daemon()).pid)
  writeFileSync(file, readFileSync(file, 'utf8').replace('- [ ] linger here', 'A new line.\n\n* [ ] linger here').replace('and work', 'and work well'))
  const watched = await watching
  expect(watched.code, watched.stderr).toBe(0)
  expect(readFileSync(file, 'utf8').replace(/ \d+m \d\ds/g, ' T')).toBe('A new line.\n\n* [x] linger here (name: one) ← one | done | T\n- [x] linger there (name: two, after: one) ← two | done | T\n- [x] and work well (name: three, after: two) ← three | done | T\n')
  expect((await team.tasks()).map(({ attempts, state }) => [attempts, state])).toEqual([[1, 'done'], [1, 'done'], [1, 'done']])
})

it('a file with a mistake names line and column and starts nothing; so does a refusal of one task', { timeout: 240_000 }, async () => {
  const team = new Shop(shop(rules))
  await team.ok('up')
  const file = write(team, '- [ ] fine\n- [ ] bad (modle: x)\n## ./nowhere\n- [ ] also (provider: nobody)\n')
  const refused = await team.run('run', file)
  expect(refused.code).toBe(2)
  expect(refused.stderr).toMatch(/TODO.md:2:12 error: there is no setting `modle`[\s\S]*TODO.md:3:4 error: there is no folder `.\/nowhere`[\s\S]*TODO.md:4:13 error: there is no runtime `nobody`/)
  const shown = JSON.parse((await team.run('run', file, '--json')).stderr) as { error: { code: string; facts: { diagnostics: { line: number; column: number }[] } } }
  expect([shown.error.code, shown.error.facts.diagnostics.map(({ line, column }) => [line, column])]).toEqual(['config', [[2, 12], [3, 4], [4, 13]]])
  expect((await team.run('run', join(team.folder, 'none.md'))).code).toBe(2)
  const latin = join(team.folder, 'latin.md')
  writeFileSync(latin, Buffer.from('- [ ] gr\xfc\xdfen\n', 'latin1'))
  expect((await team.run('run', latin)).stderr).toContain('is not UTF-8')
  // What only the daemon knows: the name is taken.
  const taken = write(team, '- [ ] fine\n- [ ] lead (name: lead)\n', 'taken.md')
  expect((await team.run('run', taken)).code).not.toBe(0)
  expect(await team.tasks()).toEqual([])
  expect(readFileSync(taken, 'utf8')).toBe('- [ ] fine\n- [ ] lead (name: lead)\n')
})

it('--dry-run changes nothing, --limit leaves tasks for later and says so, #7: --rerun goes on with the same worker', { timeout: 240_000 }, async () => {
  const team = new Shop(shop(rules))
  await team.ok('up')
  const text = '- [ ] first (name: a)\n- [ ] second (name: b)\n'
  const file = write(team, text)
  const planned = await team.json<Planned>('run', file, '--dry-run')
  expect(planned.tasks.map(({ do: what, agent }) => [what, agent])).toEqual([['add', 'p:a'], ['add', 'p:b']])
  expect([readFileSync(file, 'utf8'), await team.tasks()]).toEqual([text, []])

  const limited = await team.run('run', file, '--limit', '1', '--watch')
  expect(limited.stderr).toContain('1 left for a later run by --limit')
  expect((await team.tasks()).map(({ agent }) => agent)).toEqual(['p:a'])
  expect((await team.run('run', file, '--watch')).code).toBe(0)
  expect(readFileSync(file, 'utf8')).toMatch(/^- \[x\] first .* ← a \| done.*\n- \[x\] second .* ← b \| done/)

  const before = (await team.agent('a')).incarnation
  expect((await team.run('run', file, '--rerun', '--watch')).code).toBe(0)
  // The same process goes on, with all that it knows.
  expect((await team.agent('a')).incarnation).toBe(before)
  expect((await team.tasks()).map(({ agent, attempts, state }) => [agent, attempts, state])).toEqual([['p:a', 2, 'done'], ['p:b', 2, 'done']])
  expect(readFileSync(file, 'utf8')).toMatch(/^- \[x\] first .* ← a \| done.*\n- \[x\] second .* ← b \| done/)
})

it('the example runs as it is', { timeout: 240_000 }, async () => {
  const team = new Shop({})
  cpSync(join(import.meta.dirname, '../../examples/task-file'), team.folder, { recursive: true, filter: (file) => !file.endsWith('/state') })
  await team.ok('up')
  const watched = await team.run('run', 'TODO.md', '--watch')
  expect(watched.code, watched.stderr).toBe(0)
  const lines = readFileSync(join(team.folder, 'TODO.md'), 'utf8').split('\n')
  expect(lines.filter((line) => line.includes('[ ]'))).toEqual([])
  expect(lines.filter((line) => line.includes('←'))).toHaveLength(5)
})

it('--worktree gives each worker a worktree of its own', { timeout: 240_000 }, async () => {
  const team = new Shop(shop(rules, { compose: { supervisor: { worktree_isolation: true } }, lead: { worktree: false } }))
  const git = async (...args: string[]): Promise<void> => void (await run(['git', '-c', 'user.name=A', '-c', 'user.email=a@example.com', '-C', team.root, ...args], { env: team.env }))
  await git('init', '--quiet')
  await git('commit', '--quiet', '--allow-empty', '-m', 'first')
  await team.ok('up')
  const file = write(team, '- [ ] one (name: a)\n- [ ] two (name: b, worktree: false)\n')
  expect((await team.run('run', file, '--worktree', '--watch')).code).toBe(0)
  const [kept] = await team.json<{ agent: string; path: string }[]>('worktree', 'ls')
  expect(kept?.agent).toBe('p:a')
  expect(readlinkSync(`/proc/${await team.pid('a')}/cwd`)).toBe(kept?.path)
})
