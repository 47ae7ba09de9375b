import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/config-samples.ts'
import { findRoot } from './discover.ts'

function tree(...files: string[]): string {
  const folder = temporaryFolder()
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), 'version: 2\n')
  }
  mkdirSync(join(folder, 'a/b'), { recursive: true })
  return folder
}

const query = (cwd: string, more: { flag?: string; env?: Record<string, string> } = {}) => ({
  cwd,
  flag: more.flag,
  env: more.env ?? {},
})

describe('the root', () => {
  test('is the nearest upwards, `.team` before a bare file, and wherever inside of it one stands', () => {
    const both = tree('.team/team-compose.yaml', 'team-compose.yaml')
    expect(findRoot(query(join(both, 'a/b')))).toEqual({ root: join(both, '.team'), via: 'folder' })
    expect(findRoot(query(join(both, '.team'))).root).toBe(join(both, '.team'))
    const flat = tree('team-compose.yaml')
    expect(findRoot(query(join(flat, 'a'))).root).toBe(flat)
    const nested = tree('.team/team-compose.yaml', 'a/team-compose.yaml')
    expect(findRoot(query(join(nested, 'a/b'))).root).toBe(join(nested, 'a'))
  })

  test('is named by -C, as the root, the folder around it, or the file', () => {
    const folder = tree('.team/team-compose.yaml')
    const root = join(folder, '.team')
    for (const flag of [root, folder, join(root, 'team-compose.yaml'), '../..']) {
      expect(findRoot(query(join(folder, 'a/b'), { flag }))).toEqual({ root, via: '-C' })
    }
    symlinkSync(folder, join(folder, 'link'))
    expect(findRoot(query('/', { flag: join(folder, 'link') })).root).toBe(root)
  })

  test('-C goes before TROUPE_ROOT, TROUPE_ROOT before TEAMCTL_ROOT, and empty is unset', () => {
    const [one, two, here] = [tree('team-compose.yaml'), tree('team-compose.yaml'), tree('team-compose.yaml')]
    expect(findRoot(query(here, { flag: one, env: { TROUPE_ROOT: two } })).root).toBe(one)
    expect(findRoot(query(here, { env: { TROUPE_ROOT: one, TEAMCTL_ROOT: two } }))).toEqual({ root: one, via: 'TROUPE_ROOT' })
    expect(findRoot(query(here, { env: { TROUPE_ROOT: '', TEAMCTL_ROOT: two } }))).toEqual({ root: two, via: 'TEAMCTL_ROOT' })
    expect(findRoot(query(here, { env: { TROUPE_ROOT: '', TEAMCTL_ROOT: '' } })).root).toBe(here)
  })

  test('that is not there is told with where it was looked for', () => {
    const folder = tree()
    const failure = (more: object) => () => findRoot(query(join(folder, 'a/b'), more))
    expect(failure({})).toThrow(
      expect.objectContaining({
        code: 'config',
        message: expect.stringContaining(join(folder, 'a')),
        hint: expect.stringContaining('troupe init'),
      }),
    )
    expect(failure({ flag: 'nowhere' })).toThrow(
      expect.objectContaining({ code: 'config', message: expect.stringMatching(/nowhere, named by -C, does not exist/) }),
    )
    expect(failure({ env: { TEAMCTL_ROOT: folder } })).toThrow(/named by TEAMCTL_ROOT, holds no team-compose.yaml/)
  })
})
