import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { known, loud, temporaryFolder } from '../../test/fixtures/config-samples.ts'
import { nextSteps, scaffold, slug, titleCase, type Scaffold } from './init.ts'
import { load } from './load.ts'

function write({ files }: Scaffold): void {
  for (const { path, text } of files) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}

test('a new team is right as it is, and writes nothing before it is told to', () => {
  const cwd = temporaryFolder()
  const made = scaffold({ cwd, name: 'My Team!', known })
  expect(readdirSync(cwd)).toEqual([])
  expect(made).toMatchObject({ root: join(cwd, 'My Team!', '.team'), project: 'my-team' })
  expect(made.files.at(-1)?.path).toBe(join(made.root, 'team-compose.yaml'))
  write(made)
  const { team, diagnostics } = load(made.root, known)
  expect(loud(diagnostics)).toEqual([])
  expect(team).toMatchObject({ name: 'My Team!', projects: [{ id: 'my-team', name: 'My Team', cwd: join(cwd, 'My Team!') }] })
  expect(nextSteps(made, cwd)[0]).toBe('cd "My Team!"')
})

test('editors find the schemas from both files', () => {
  const made = scaffold({ cwd: temporaryFolder(), known })
  for (const { path, text } of made.files.filter((file) => file.path.endsWith('.yaml'))) {
    const schema = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1] ?? ''
    expect(made.files.map((file) => file.path)).toContain(join(dirname(path), schema))
  }
})

test('a team that is there stays, unless it is forced', () => {
  const cwd = temporaryFolder()
  write(scaffold({ cwd, known }))
  expect(() => scaffold({ cwd, known })).toThrow(
    expect.objectContaining({ code: 'conflict', hint: expect.stringContaining('--force') }),
  )
  expect(scaffold({ cwd, force: true, known }).root).toBe(join(cwd, '.team'))
})

test('ids: as given, else of the name, else of the folder, else main', () => {
  const cwd = temporaryFolder()
  mkdirSync(join(cwd, 'Shop Floor'))
  mkdirSync(join(cwd, '日本'))
  expect(scaffold({ cwd, name: 'x', project: 'Own.Id', known }).project).toBe('Own.Id')
  expect(scaffold({ cwd: join(cwd, 'Shop Floor'), known }).project).toBe('shop-floor')
  expect(scaffold({ cwd: join(cwd, '日本'), known }).project).toBe('main')
  expect(() => scaffold({ cwd, project: 'a/b', known })).toThrow(
    expect.objectContaining({ code: 'usage', hint: '--project a-b' }),
  )
  expect(slug('--Größe  2 --')).toBe('gro-e-2')
  expect(titleCase('blog-site.v2')).toBe('Blog Site V2')
})
