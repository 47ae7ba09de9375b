import type { rules } from './rules.ts'

/** A tiny source tree that breaks one rule, and its twin that does not. */
export interface Case {
  rule: keyof typeof rules
  bad: Record<string, string>
  says: RegExp
  good?: Record<string, string>
}

const empty = { 'src/core/team.ts': 'export {}', 'src/store/store.ts': 'export {}', 'src/daemon/daemon.ts': 'export {}' }
const from = (path: string) => `import { x } from '${path}'; x()`

export const cases: Case[] = [
  {
    rule: 'direction',
    bad: { ...empty, 'src/core/a.ts': "import type { X } from '../store/store.ts'; export type Y = X" },
    says: /core may not import src\/store\/store\.ts/,
    good: { ...empty, 'src/store/a.ts': "import type { X } from '../core/team.ts'; export type Y = X" },
  },
  { rule: 'direction', bad: { 'src/core/a.ts': from('node:fs') }, says: /core may not use node:fs/, good: { 'src/core/a.ts': from('node:crypto') } },
  { rule: 'direction', bad: { 'src/util/a.ts': from('../core/error.ts') }, says: /util may not import/, good: { 'src/util/a.ts': from('./b.ts') } },
  { rule: 'direction', bad: { 'src/store/a.ts': "export * from '../config/b.ts'" }, says: /store may not import/ },
  { rule: 'direction', bad: { 'src/store/a.ts': "export { b } from '../api/b.ts'" }, says: /store may not import/ },
  { rule: 'direction', bad: { 'src/api/a.ts': "export const b = () => import('../runtimes/index.ts')" }, says: /api may not import/ },
  { rule: 'direction', bad: { 'src/daemon/a.ts': "export type B = import('../server/b.ts').B" }, says: /daemon may not import/ },
  { rule: 'direction', bad: { 'src/client/a.ts': from('../daemon/b.ts') }, says: /client may not import/, good: { 'src/client/a.ts': from('../api/b.ts') } },
  { rule: 'direction', bad: { 'src/cli/a.ts': from('../store/b.ts') }, says: /cli may not import/, good: { 'src/cli/a.ts': from('../client/b.ts') } },
  {
    rule: 'direction',
    bad: { 'src/cli/a.ts': from('../runtimes/scripted.ts') },
    says: /cli may not import/,
    good: { 'src/cli/a.ts': from('../runtimes/index.ts') },
  },
  { rule: 'direction', bad: { 'src/bin/a.ts': from('../core/b.ts') }, says: /bin may not import/, good: { 'src/bin/a.ts': from('../util/b.ts') } },
  { rule: 'direction', bad: { 'src/api/a.ts': from('../../test/b.ts') }, says: /not part of the program/ },
  { rule: 'direction', bad: { 'src/api/a.ts': 'export const b = (name: string) => import(`./${name}.ts`)' }, says: /computed path/ },
  { rule: 'direction', bad: { 'src/other/a.ts': 'export {}' }, says: /no folder that the design knows/ },
  { rule: 'depth', bad: { 'src/a/b/c/d.ts': 'export {}' }, says: /two folders deep/, good: { 'src/a/b/c.ts': 'export {}' } },
  {
    rule: 'cycles',
    bad: { 'src/core/a.ts': from('./b.ts'), 'src/core/b.ts': from('./c.ts'), 'src/core/c.ts': "export const x = () => import('./a.ts')" },
    says: /cycle: .*a\.ts.*c\.ts/,
    good: { 'src/core/a.ts': from('./b.ts'), 'src/core/b.ts': "import type { x } from './a.ts'; export type Y = typeof x" },
  },
  {
    rule: 'cycles',
    bad: { 'src/core/a.ts': "import type { B } from '../util/b.ts'", 'src/util/b.ts': "import type { A } from '../core/a.ts'" },
    says: /across folders/,
  },
  { rule: 'cycles', bad: { 'src/core/a.ts': "export * from './a.ts'" }, says: /cycle/ },
  { rule: 'sql', bad: { 'src/daemon/a.ts': from('kysely') }, says: /imports kysely/, good: { 'src/store/a.ts': from('kysely') } },
  { rule: 'sql', bad: { 'src/daemon/a.ts': "export const db = () => import('pg')" }, says: /imports pg/ },
  { rule: 'sql', bad: { 'src/cli/a.ts': from('node:sqlite') }, says: /node:sqlite/, good: { 'src/daemon/lock.ts': from('node:sqlite') } },
  {
    rule: 'sql',
    bad: { 'src/daemon/a.ts': 'export const q = (id: string) => `select * from messages where id = ${id}`' },
    says: /SQL outside/,
    good: { 'src/daemon/a.ts': "export const q = 'select an agent, or update the team'" },
  },
  { rule: 'sql', bad: { 'src/daemon/a.ts': "export const q = 'PRAGMA journal_mode'" }, says: /SQL outside/ },
  {
    rule: 'runtimes',
    bad: { 'src/config/a.ts': "export const runtime = 'claude-code'" },
    says: /names a runtime/,
    good: { 'src/runtimes/claude/a.ts': "export const runtime = 'claude-code'", 'src/config/a.test.ts': "export const t = 'codex'" },
  },
  { rule: 'runtimes', bad: { 'src/config/a.ts': '// as OpenCode does\nexport {}' }, says: /names a runtime/ },
  { rule: 'runtimes', bad: { 'src/daemon/codex.ts': 'export {}' }, says: /named after a runtime/ },
  { rule: 'runtimes', bad: { 'src/proxy/a.ts': "export const x = 'codex'" }, says: /names a runtime/, good: { 'src/proxy/gemini.ts': 'export {}' } },
  {
    rule: 'environment',
    bad: { 'src/daemon/a.ts': "export const home = process.env['HOME']" },
    says: /process\.env/,
    good: {
      'src/config/a.ts': "export const home = process.env['HOME']",
      'src/cli/main.ts': "export const home = process.env['HOME']",
      'src/bin/a.ts': "export const home = process.env['HOME']",
      'src/daemon/a.ts': 'export const home = (host: { env: Record<string, string> }) => host.env',
    },
  },
  { rule: 'environment', bad: { 'src/util/a.ts': 'const { env } = process; export const x = env' }, says: /process\.env/ },
  { rule: 'environment', bad: { 'src/util/a.ts': "export const x = globalThis.process['env']" }, says: /process\.env/ },
  { rule: 'environment', bad: { 'src/util/a.ts': "import { env as e } from 'node:process'; export const x = e" }, says: /process\.env/ },
  {
    rule: 'processes',
    bad: { 'src/daemon/a.ts': from('node:child_process') },
    says: /util\/spawn/,
    good: { 'src/util/spawn.ts': from('node:child_process'), 'src/supervisors/tmux/control-client.ts': from('node:child_process') },
  },
  { rule: 'processes', bad: { 'src/supervisors/tmux/panes.ts': "export const c = () => import('child_process')" }, says: /util\/spawn/ },
  {
    rule: 'shells',
    bad: { 'src/util/spawn.ts': "import { spawn } from 'node:child_process'; spawn('ls', [], { shell: true })" },
    says: /shell: true/,
    good: { 'src/util/spawn.ts': "import { spawn } from 'node:child_process'; spawn('ls', [], { shell: false })" },
  },
  { rule: 'shells', bad: { 'test/a.ts': "import { execSync } from 'node:child_process'; execSync('ls')" }, says: /exec/ },
  {
    rule: 'shells',
    bad: { 'src/util/spawn.ts': "import * as child from 'node:child_process'; child.exec('ls')" },
    says: /exec/,
    good: { 'src/util/spawn.ts': "import * as child from 'node:child_process'; /a/.exec('a'); child.execFile('ls')" },
  },
  {
    rule: 'names',
    bad: { 'src/core/a.ts': 'export class SessionManager {}' },
    says: /"manager" in the name SessionManager/,
    good: { 'src/core/a.ts': "export type Role = 'manager'; export const isManager = (role: Role) => role === 'manager'" },
  },
  { rule: 'names', bad: { 'src/core/a.ts': 'export interface BaseAgent { id: string }' }, says: /"base"/, good: { 'src/core/a.ts': 'export class Database {}' } },
  { rule: 'names', bad: { 'src/core/a.ts': 'export function clockFactory() { return 1 }' }, says: /"factory"/ },
  { rule: 'names', bad: { 'src/core/a.ts': 'export const agentHelper = () => 1' }, says: /"helper"/ },
  { rule: 'names', bad: { 'src/core/string-utils.ts': 'export {}' }, says: /"utils" in a file name/, good: { 'src/util/text.ts': 'export {}' } },
  {
    rule: 'sizes',
    bad: { 'src/core/a.ts': '\n'.repeat(401) },
    says: /401 lines/,
    good: { 'src/core/a.ts': '\n'.repeat(400) },
  },
]
