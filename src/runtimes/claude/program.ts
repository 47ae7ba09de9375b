import type { Health, Host } from '../../core/runtime.ts'
import { Installed, isOlder, unusable } from '../installed.ts'
import { claudeHome } from './home.ts'
import { hasCredentials } from './login.ts'
import { readState } from './trust.ts'

/** The oldest version whose session file has a `status`; the one this folder was measured with is 2.1.329. */
const oldest = [2, 1, 197] as const
const install = 'npm install -g @anthropic-ai/claude-code'

/** What the flags of a version are worth to us. Absent means: launch does without. */
const flags: Record<string, RegExp> = {
  sessionId: /--session-id\b/,
  settingSources: /--setting-sources\b/,
  strictMcpConfig: /--strict-mcp-config\b/,
  systemPromptFile: /--append-system-prompt(\[-file\]|-file)/,
  freshSystemPrompt: /--system-prompt-snapshot\b/,
  effort: /--effort\b/,
  pluginDir: /--plugin-dir\b/,
  manualMode: /--permission-mode[^-]*"manual"/s,
}

/** Without these an agent would not know who it is, or could not be found again. */
const needed = ['sessionId', 'systemPromptFile', 'strictMcpConfig']

export function claudeProgram(): Installed {
  return new Installed({ name: 'claude', variable: 'TROUPE_CLAUDE', install, probe, hasLogin })
}

async function hasLogin({ env, home: person }: Host): Promise<boolean> {
  const home = claudeHome(person, env['CLAUDE_CONFIG_DIR'] ?? null)
  // What is wrong with the file is said at launch, where it matters.
  return await hasCredentials(env, home, await readState(home.stateFile).catch(() => ({})))
}

async function probe(program: string, ask: (...args: string[]) => Promise<string>): Promise<Health> {
  const number = /^(\d+)\.(\d+)\.(\d+)/.exec(await ask('--version'))
  if (number === null) return unusable(program, `${program} --version did not answer with a version`, `install it again: ${install}`)
  const [text, ...parts] = number
  const help = await ask('--help')
  const features = Object.fromEntries(Object.entries(flags).map(([name, pattern]) => [name, pattern.test(help)]))
  return { installed: true, program, version: text, features, problem: findProblem(text, parts.map(Number), features) }
}

function findProblem(version: string, parts: number[], features: Record<string, boolean>): Health['problem'] {
  if (isOlder(parts, oldest)) {
    return { why: `Claude Code ${version} is older than ${oldest.join('.')}, which first tells its state`, fix: install }
  }
  const missing = needed.filter((name) => features[name] !== true)
  if (missing.length === 0) return null
  return { why: `Claude Code ${version} does not offer what a team needs (${missing.join(', ')})`, fix: install }
}
