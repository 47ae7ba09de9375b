import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { preparePaths, teamPaths } from '../config/paths.ts'
import { temporaryFolder, teamRoot } from '../../test/fixtures/config-samples.ts'
import type { Store } from '../store/store.ts'
import { filesBelow } from '../util/manifest.ts'
import { backUp } from './backup.ts'
import { namedFiles } from './named-files.ts'

const project = (outside: string): string => `version: 2
project: { id: p, name: P, cwd: . }
managers:
  lead: { role_prompt: [prompts/lead.md, link.md, ${outside}], skills: [learnt], subagents: [helpers/taster.md] }
workers:
  dev: { hooks: [{ event: Stop, command: tools/after.sh --env tools/.env }], mcps: { own: { command: node, args: [servers/own.js, --data, data/large.db] } }, reports_to: lead }
`
const files = {
  'team-compose.yaml': 'version: 2\nprojects:\n  - file: teams/p.yaml\n',
  ...{ 'prompts/lead.md': 'lead well', 'learnt/SKILL.md': '---\nname: learnt\ndescription: Knows\n---\n', 'learnt/more/words.txt': 'more', 'learnt/.env': 'SECRET=1' },
  ...{ 'helpers/taster.md': '---\nname: taster\ndescription: Tastes\n---\n', 'tools/after.sh': '#!/bin/sh\n', 'tools/.env': 'SECRET=2', 'servers/own.js': '', 'data/large.db': 'their work', 'prompts/unnamed.md': '', 'roles/of\\old.md': '' },
}

it('takes along what the team’s files name, wherever it lies in the root, as it may be run, and says what lies outside of it', async () => {
  const elsewhere = join(temporaryFolder(), 'shared.md')
  writeFileSync(elsewhere, 'shared')
  const root = teamRoot({ ...files, 'teams/p.yaml': project(elsewhere) })
  symlinkSync('prompts/lead.md', join(root, 'link.md'))
  chmodSync(join(root, 'tools/after.sh'), 0o755)
  const paths = teamPaths(root)
  preparePaths(paths)
  mkdirSync(join(root, 'state', 'run'), { recursive: true })
  const store = { where: join(root, 'state', 'mailbox.db'), backup: async (to: string) => writeFileSync(to, 'database'), write: async () => undefined } as unknown as Store
  const target = join(temporaryFolder(), 'backup')
  const done = await backUp({ store, clock: systemClock, paths }, target, false, namedFiles(root, null))
  expect((await filesBelow(target)).filter((path) => path !== 'manifest.json').toSorted()).toEqual(
    ['helpers/taster.md', 'learnt/SKILL.md', 'learnt/more/words.txt', 'link.md', 'mailbox.db', 'projects/p.yaml', 'prompts/lead.md', 'roles/of\\old.md', 'servers/own.js', 'team-compose.yaml', 'teams/p.yaml', 'tools/after.sh'],
  )
  expect(done.outside).toEqual([elsewhere])
  expect(readFileSync(join(target, 'link.md'), 'utf8')).toBe('lead well')
  expect(['tools/after.sh', 'servers/own.js'].map((path) => statSync(join(target, path)).mode & 0o777)).toEqual([0o700, 0o600])
})

it('knows the project files also where what they say is wrong', () => {
  const root = teamRoot({ ...files, 'teams/p.yaml': project('/none.md') })
  expect(namedFiles(root, null)).toEqual([join(root, 'teams/p.yaml')])
})
