import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { known } from '../../test/fixtures/config-samples.ts'
import { adHocFiles, checkTeamName, placeTeam, removeTeam, type AdHocTeam } from './ad-hoc.ts'
import { load } from './load.ts'
import { adHocTeams } from './named-teams.ts'

const team: AdHocTeam = { name: 'shop', runtime: known.runtimes.default, model: 'some-model', permissionMode: 'plan', workerMode: 'terminal', maxWorkers: 3, worktrees: false, cwd: tmpdir(), rehearsal: 'hello' }

function home(): { HOME: string } {
  const made = mkdtempSync(join(tmpdir(), 'tc-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return { HOME: made }
}

test('its files are an ordinary team, whatever stands in them', () => {
  const env = home()
  const cwd = join(env.HOME, 'a: "b" #c')
  mkdirSync(cwd)
  const root = placeTeam(env, 'shop', adHocFiles({ ...team, cwd }))
  const { team: loaded, diagnostics } = load(root, known)
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  expect(loaded).toMatchObject({ name: 'shop', rehearsal: 'hello', maxWorkers: 3, projects: [{ id: 'shop', cwd, agents: [{ address: 'shop:lead', role: 'manager', model: 'some-model', permissionMode: 'plan', canSpawn: true }] }] })
})

test('a name that is taken is refused, and the team that has it is as it was', () => {
  const env = home()
  const root = placeTeam(env, 'shop', adHocFiles(team))
  expect(() => placeTeam(env, 'shop', adHocFiles({ ...team, maxWorkers: 9 }))).toThrow(expect.objectContaining({ code: 'conflict' }))
  expect(load(root, known).team?.maxWorkers).toBe(3)
  expect(adHocTeams(env)).toEqual([{ name: 'shop', root, adHoc: true }])
  removeTeam(root)
  expect(adHocTeams(env)).toEqual([])
})

test('what a killed process left is no team, and goes with the next one', () => {
  const env = home()
  const teams = join(env.HOME, '.troupe/teams')
  const gone = join(teams, `.unfinished-${2 ** 22 + 1}-abcd`)
  const alive = join(teams, `.unfinished-${process.pid}-abcd`)
  for (const each of [gone, alive]) {
    mkdirSync(each, { recursive: true })
    writeFileSync(join(each, 'team-compose.yaml'), 'version: 2\n')
  }
  expect(adHocTeams(env)).toEqual([])
  placeTeam(env, 'shop', adHocFiles(team))
  expect([existsSync(gone), existsSync(alive)]).toEqual([false, true])
  expect(readdirSync(teams)).toContain('shop')
})

test('a name holds what addresses, terminals and shells can have (agentic-team #15)', () => {
  for (const name of ['my.team', '../evil', 'has space', '-x', '', 'a/b', 'x'.repeat(41), 'naïve', '.', 'a\n', '_a']) expect(() => checkTeamName(name), name).toThrow(expect.objectContaining({ code: 'usage' }))
  for (const name of ['web', 'Web2', 'a', '7', 'a_b-c', 'x'.repeat(40)]) expect(() => checkTeamName(name), name).not.toThrow()
})
