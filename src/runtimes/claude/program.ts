import { access, constants, realpath, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Health, Host } from '../../core/runtime.ts'
import { run } from '../../util/spawn.ts'

/** The oldest version whose session file has a `status`; the one this folder was measured with is 2.1.329. */
const oldest = [2, 1, 197] as const
const probeTimeoutMs = 20_000
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

interface Found {
  mtimeMs: number
  size: number
  health: Health
}

/** Finds and asks the program; remembers the answer as long as the file stays the same. */
export class Program {
  readonly #known = new Map<string, Found>()

  async health(host: Host): Promise<Health> {
    const program = await locate(host)
    if (program === null) {
      return unusable(null, 'the program `claude` is not on the PATH', `${install}, or set TROUPE_CLAUDE to its absolute path`)
    }
    const { mtimeMs, size } = await stat(program)
    const known = this.#known.get(program)
    if (known?.mtimeMs === mtimeMs && known.size === size) return known.health
    const health = await probe(program, host)
    if (health.problem === null) this.#known.set(program, { mtimeMs, size, health })
    return health
  }
}

async function locate(host: Host): Promise<string | null> {
  const named = host.env['TROUPE_CLAUDE']
  if (named !== undefined && named !== '') return isAbsolute(named) && (await isProgram(named)) ? await realpath(named) : null
  for (const folder of (host.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, 'claude')
    if (isAbsolute(file) && (await isProgram(file))) return await realpath(file)
  }
  return null
}

async function isProgram(file: string): Promise<boolean> {
  return await access(file, constants.X_OK).then(
    async () => (await stat(file)).isFile(),
    () => false,
  )
}

async function probe(program: string, host: Host): Promise<Health> {
  const env = { PATH: host.env['PATH'] ?? '', HOME: host.home }
  const version = await ask(program, '--version', env)
  const number = /^(\d+)\.(\d+)\.(\d+)/.exec(version)
  if (number === null) return unusable(program, `${program} --version did not answer with a version`, `install it again: ${install}`)
  const [text, ...parts] = number
  const help = await ask(program, '--help', env)
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

async function ask(program: string, flag: string, env: Record<string, string>): Promise<string> {
  const ran = await run([program, flag], { env, timeoutMs: probeTimeoutMs }).catch(() => null)
  return ran?.code === 0 ? ran.stdout : ''
}

export function isOlder(version: readonly number[], than: readonly number[]): boolean {
  for (const [index, part] of than.entries()) {
    const own = version[index] ?? 0
    if (own !== part) return own < part
  }
  return false
}

function unusable(program: string | null, why: string, fix: string): Health {
  return { installed: program !== null, program, version: null, features: {}, problem: { why, fix } }
}
