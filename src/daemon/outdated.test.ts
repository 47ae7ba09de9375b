import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import type { ChangeRow } from '../core/change-text.ts'
import { TroupeError } from '../core/error.ts'
import type { Agent } from '../core/team.ts'
import { temporaryFolder } from '../../test/fixtures/config-samples.ts'
import type { Desired } from './desired.ts'
import { Outdated } from './outdated.ts'
import type { TeamFiles } from './read-team.ts'

/** What `plan` and the reading of files come to is the test's to say. */
function looking() {
  const root = temporaryFolder()
  const files = { 'roles/a.md': '', 'subagents/s.md': '', 'runtimes/own.yaml': '' }
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  for (const [path, text] of Object.entries(files)) write(path, text)
  const agent = { rolePrompt: [join(root, 'roles/a.md')], subagents: [join(root, 'subagents/s.md')], runtime: 'own' } as unknown as Agent
  const at = { read: (): TeamFiles => ({ sources: [] as string[] }) as TeamFiles, plan: async (): Promise<ChangeRow[]> => [] }
  const desired = { applied: { at: 1 }, team: { projects: [{ agents: [agent] }] } } as unknown as Desired
  return { at, write, outdated: new Outdated({ desired, root, read: () => at.read(), plan: async () => await at.plan() }) }
}

const row: ChangeRow = { agent: 'p:a', action: 'restart', why: '', aclWidened: [], keys: [], conversation: null }

it.each(['roles/a.md', 'subagents/s.md', 'runtimes/own.yaml'])('sees that %s was written', async (file) => {
  const { at, write, outdated } = looking()
  expect(await outdated.now()).toEqual({ broken: false, rows: [] })
  at.plan = async () => [row]
  expect(await outdated.now()).toEqual({ broken: false, rows: [] })
  write(file, 'otherwise')
  expect(await outdated.now()).toEqual({ broken: false, rows: [row] })
})

it('files that are right but cannot be applied while the team runs have no errors', async () => {
  const refusal = (): never => {
    throw new TroupeError('config', 'not under agents that run')
  }
  const { at, outdated } = looking()
  at.plan = async () => refusal()
  expect(await outdated.now()).toMatchObject({ broken: false, rows: [{ agent: 'team', action: 'apply', why: 'not under agents that run' }] })
  const other = looking()
  other.at.read = refusal
  expect(await other.outdated.now()).toEqual({ broken: true })
})
