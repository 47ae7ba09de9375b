import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished, vi } from 'vitest'
import { provider } from '../fixtures/provider.ts'
import { kill, patiently } from './troupe.ts'
import { Shop, shop } from './workers.ts'

const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))
const missing = existsSync(join(clis, 'claude')) ? null : 'Claude Code is not installed in .clis (npm test puts it there)'
if (missing !== null && process.env['CI'] !== undefined) throw new Error(missing)
if (missing !== null) console.log(`skipped: ${missing}`)

it.skipIf(missing !== null)('T9: what a worker ends while nobody watches is known on return, and its place is free', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'provider-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'scenario.yaml')
  writeFileSync(file, JSON.stringify({ about: 'answers late', agents: { '*': [{ otherwise: [{ text: 'all of it is done', delay: 8_000 }] }] } }))
  const { url, asked } = await provider(file, 'p:first')
  const { 'scenario.yaml': _none, ...files } = shop([], { compose: { max_workers: 1 } })
  const { rehearsal: _real, ...compose } = JSON.parse(files['team-compose.yaml'] ?? '') as Record<string, unknown>
  const team = new Shop({ ...files, 'team-compose.yaml': JSON.stringify(compose) }, { PATH: [clis, process.env['PATH'] ?? ''].join(delimiter), ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'the-key-of-nobody' })
  writeFileSync(join(team.folder, 'home', '.claude.json'), JSON.stringify({ hasCompletedOnboarding: true, theme: 'dark' }))
  await team.ok('up')
  await team.spawn('-n', 'first', '--runtime', 'claude-code', '--mode', 'oneshot', 'the first of two')
  const said = join(team.root, 'state/agents/p-first/lane/said.jsonl')
  const next = await team.spawn('-n', 'later', '--runtime', 'scripted', 'the second')
  expect(next.task.state).toBe('queued')
  await vi.waitFor(() => expect(asked.filter(({ path }) => path.startsWith('/v1/messages'))).not.toEqual([]), patiently)
  // Nobody is left who would watch, or bring the watcher back.
  const { pid: daemon, keeper } = await team.daemon()
  if (keeper !== null) kill(keeper)
  kill(daemon)
  await vi.waitFor(() => expect(readFileSync(said, 'utf8')).toContain('"kind":"exit"'), patiently)
  const { ran, out } = await team.waited()
  expect([ran.code, out.done.map(({ agent, signal, result }) => [agent, signal, result]).toSorted()]).toEqual([0, [['p:first', 'process', 'all of it is done'], ['p:later', 'tool', null]]])
}, 300_000)
