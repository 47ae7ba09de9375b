import { expect, it } from 'vitest'
import { isInBackup, mayHold } from './backup.ts'

it.each<[string, boolean]>([
  ['team-compose.yaml', true],
  ['projects/p.yaml', true],
  ['roles/team/lead.md', true],
  ['skills/x/SKILL.md', true],
  [`state/attachments/${'a'.repeat(64)}`, true],
  ['state/agents/p-a/context.md', true],
  ['state/applied.json', true],
  ['.env', false],
  ['projects/.env', false],
  ['state/run/operator.token', false],
  ['state/run/lock.db', false],
  ['state/mailbox.db', false],
  ['state/agents/p-a/log', false],
  ['state/attachments/.part-1', false],
  ['workspace/huge.bin', false],
  ['skills/node_modules/x.md', false],
])('%s: %s', (path, wanted) => {
  expect(isInBackup(path, false)).toBe(wanted)
})

it('.env only if asked for', () => {
  expect(isInBackup('.env', true)).toBe(true)
})

it('does not look into what cannot hold any of it', () => {
  expect(['state', 'state/agents', 'state/agents/p-a', 'state/attachments', 'roles', 'skills/x'].filter((path) => !mayHold(path))).toEqual([])
  expect(['workspace', 'state/run', 'state/agents/p-a/attachments', 'skills/x/node_modules', '.git'].filter(mayHold)).toEqual([])
})
