import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { compose, known, project, teamRoot } from '../../test/fixtures/config-samples.ts'
import { renderApplied, renderEnv, shellQuote } from './applied.ts'
import { load } from './load.ts'
import { renderConfig } from './origins.ts'

const root = teamRoot({
  'team-compose.yaml': `${compose}name: "it's $HOME"\nsupervisor:\n  tmux_prefix: x-\n`,
  'projects/p.yaml': project.replace('can_dm: [dev]', 'can_dm: ["*"], model: "m\'1"'),
})
const { team, origins } = load(root, known)

test('the resolved team shows each value with its origin', () => {
  const text = renderConfig(team!, origins)
  expect(text).toContain(`name: it's $HOME # team-compose.yaml:4\n`)
  expect(text).toContain('  tmux_prefix: x- # team-compose.yaml:6\n  drain_timeout_secs: 10 # default\n')
  expect(text).toContain('can_dm: [ dev ] # projects/p.yaml:6\n')
  expect(text).toContain('mcps: {} # default\n')
  expect(text).toContain('reports_to: lead # projects/p.yaml:8\n')
  expect(parse(text)).toMatchObject({
    name: "it's $HOME",
    projects: [{ project: { id: 'p', cwd: root }, workers: { dev: { runtime: 'alpha' } } }],
  })
})

test('the env file of an agent survives a shell, whatever its values', () => {
  const [lead] = team!.projects[0]!.agents
  const text = renderEnv(team!, lead!)
  const shown = execFileSync('sh', ['-c', 'eval "$1"; printf "%s|%s|%s" "$AGENT_ID" "$MODEL" "$TEAMCTL_ROOT"', 'sh', text], {
    encoding: 'utf8',
  })
  expect(shown).toBe(`p:lead|m'1|${root}`)
  expect(shellQuote('$(x) `y`\n"')).toBe(`'$(x) \`y\`\n"'`)
})

test('what was applied is JSON by agent', () => {
  const applied = JSON.parse(renderApplied(team!, 0, { 'p:lead': 'abc' }))
  expect(applied).toMatchObject({
    schema: 3,
    applied_at: '1970-01-01T00:00:00.000Z',
    global: { supervisor_type: 'tmux', tmux_prefix: 'x-' },
    agents: { 'p:lead': { env_file: 'state/envs/p-lead.env', fingerprint: 'abc' }, 'p:dev': { fingerprint: null } },
  })
})
