import { existsSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, vi } from 'vitest'
import { pair, patiently, Troupe } from './troupe.ts'

const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))
const missing = existsSync(join(clis, 'claude')) ? null : 'Claude Code is not installed in .clis (npm test puts it there)'
if (missing !== null && process.env['CI'] !== undefined) throw new Error(missing)
if (missing !== null) console.log(`skipped: ${missing}`)

const ack = { tool: 'inbox_ack', args: { ids: '{ids}' } }
const scenario = JSON.stringify({
  about: 'A manager that has talked enough.',
  agents: {
    'hello:manager': [
      { when: '/create a detailed summary/', do: [{ text: '<summary>THE-SUMMARY of it all</summary>' }] },
      { when: '/^tidy up/', do: [{ tool: 'compact_self' }, { tool: 'compact_self' }, ack, { text: 'asked for it' }] },
      { from: 'user', do: [ack, { text: 'taken' }] },
    ],
    'hello:dev': [{ from: 'user', do: [{ tool: 'compact_self' }, ack, { text: 'asked in vain' }] }],
  },
})

it.skipIf(missing !== null)('an agent has its conversation shortened at the end of its turn, and goes on from the summary', async () => {
  const files = pair({ runtime: 'claude-code', rehearsal: './scenario.yaml', extra: { 'scenario.yaml': scenario } })
  const project = files['projects/hello.yaml']!.replace('dev: {runtime: claude-code', 'dev: {runtime: scripted')
  const troupe = new Troupe({ ...files, 'projects/hello.yaml': project }, { PATH: [clis, process.env['PATH'] ?? ''].join(delimiter) })
  await troupe.ok('up')
  await troupe.ok('send', 'manager', 'tidy up')
  const told = async () => (await troupe.events()).filter(({ type }) => type.startsWith('agent.compact'))
  await vi.waitFor(async () => expect((await told()).map(({ type, agent }) => [type, agent])).toEqual([['agent.compact-asked', 'hello:manager'], ['agent.compacted', 'hello:manager']]), patiently)

  // Claude's own record: the second call was refused, the summary stands in the place of what was said.
  const { session } = await troupe.json<{ session: string }>('inspect', 'manager')
  const projects = join(troupe.root, 'state/agents/hello-manager/claude/home/projects')
  const record = async () => {
    const file = (await readdir(projects, { recursive: true })).find((name) => name.endsWith(`${session}.jsonl`))
    return readFileSync(join(projects, file!), 'utf8')
  }
  // It is written a moment after the hook has told of it.
  await vi.waitFor(async () => {
    const text = await record()
    expect(['compact_boundary', 'THE-SUMMARY', 'less than five minutes ago'].filter((words) => !text.includes(words))).toEqual([])
  }, patiently)

  await vi.waitFor(async () => expect((await troupe.agent('manager')).phase).toBe('idle'), patiently)
  await troupe.ok('send', 'manager', 'and now?')
  await troupe.ok('send', 'dev', 'you too')
  await troupe.settled(3)
  expect((await told()).filter(({ agent }) => agent === 'hello:dev')).toEqual([])
}, 300_000)
