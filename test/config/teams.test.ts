import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { load } from '../../src/config/load.ts'
import { gatewayNames } from '../../src/gateways/index.ts'
import { runtimeNames } from '../../src/runtimes/index.ts'
import { supervisorNames } from '../../src/supervisors/index.ts'

const known = { runtimes: runtimeNames, supervisors: supervisorNames, gateways: gatewayNames }
const folder = (path: string) => join(import.meta.dirname, '../..', path)

const teams: [string, number, number][] = [
  ['examples/hello-team', 1, 2],
  ['examples/task-file', 1, 1],
  ['test/fixtures/teams/indie-game-studio', 1, 4],
  ['test/fixtures/teams/market-analysts', 1, 5],
  ['test/fixtures/teams/newsletter-office', 2, 7],
  ['test/fixtures/teams/oss-maintainer', 1, 5],
  ['test/fixtures/teams/own-team', 2, 7],
  ['test/fixtures/teams/solo-triage', 1, 3],
  ['test/fixtures/teams/startup-team', 1, 5],
]

describe('teams as people have them are right as they are', () => {
  test.each(teams)('%s', (path, projects, agents) => {
    const { team, diagnostics, counts } = load(join(folder(path), '.team'), known)
    expect(diagnostics.filter((one) => one.severity === 'error')).toEqual([])
    expect(team).not.toBeNull()
    expect(counts).toEqual({ projects, agents })
  })

  test('no key of theirs is unknown', () => {
    const messages = teams.flatMap(([path]) => load(join(folder(path), '.team'), known).diagnostics.map((one) => one.message))
    expect(messages.filter((message) => message.startsWith('nothing reads'))).toEqual([])
  })

  test('every example is among them', () => {
    const found = readdirSync(folder('examples'), { withFileTypes: true }).filter(
      (one) => one.isDirectory() && one.name !== 'scenarios',
    )
    expect(teams.map(([path]) => path)).toEqual(expect.arrayContaining(found.map((one) => `examples/${one.name}`)))
  })
})

test('in the smallest example both can talk', () => {
  const { team } = load(folder('examples/hello-team/.team'), known)
  expect(team?.projects[0]?.agents.map(({ id, canDm, canBroadcast }) => ({ id, canDm, canBroadcast }))).toEqual([
    { id: 'manager', canDm: ['hello:dev'], canBroadcast: ['all'] },
    { id: 'dev', canDm: ['hello:manager'], canBroadcast: ['all'] },
  ])
})
