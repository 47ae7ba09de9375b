import { access, constants, realpath, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Health, Host } from '../core/runtime.ts'
import { run } from '../util/spawn.ts'

/** A busy machine may take long to start a program of 200 MB. ms */
const probeTimeoutMs = 20_000

interface Found {
  mtimeMs: number
  size: number
  health: Health
}

/** How one CLI is found and asked. */
export interface Wanted {
  /** Looked for on the PATH, unless it is an absolute path itself. */
  name: string
  /** A variable that may hold its absolute path instead. */
  variable: string
  /** A command that installs it. */
  install: string
  /** `ask` resolves with what the program says to arguments, empty where it fails. */
  probe(program: string, ask: (...args: string[]) => Promise<string>): Promise<Health>
  /**
   * Whether there is something to log in with. A missing login is a feature that is not there (`authenticated`), no problem: a
   * rehearsal needs none. Absent where it cannot be told.
   */
  hasLogin?(host: Host): Promise<boolean>
}

/** Finds and asks a program; remembers the answer as long as the file stays the same. */
export class Installed {
  readonly #wanted: Wanted
  readonly #known = new Map<string, Found>()

  constructor(wanted: Wanted) {
    this.#wanted = wanted
  }

  async health(host: Host): Promise<Health> {
    const { hasLogin } = this.#wanted
    const found = await this.#probed(host)
    if (!found.installed || hasLogin === undefined) return found
    return { ...found, features: { ...found.features, authenticated: await hasLogin(host) } }
  }

  async #probed(host: Host): Promise<Health> {
    const { name, variable, install, probe } = this.#wanted
    const program = await locate(host, name, variable)
    if (program === null) return unusable(null, `the program \`${name}\` is not on the PATH`, `${install}, or set ${variable} to its absolute path`)
    const { mtimeMs, size } = await stat(program)
    const known = this.#known.get(program)
    if (known?.mtimeMs === mtimeMs && known.size === size) return known.health
    const env = { PATH: host.env['PATH'] ?? '', HOME: host.home }
    const health = await probe(program, async (...args) => {
      const ran = await run([program, ...args], { env, timeoutMs: probeTimeoutMs }).catch(() => null)
      return ran?.code === 0 ? ran.stdout || ran.stderr : '' // help goes where a CLI likes
    })
    if (health.problem === null) this.#known.set(program, { mtimeMs, size, health })
    return health
  }
}

async function locate({ env }: Host, name: string, variable: string): Promise<string | null> {
  const named = env[variable] || (isAbsolute(name) ? name : '')
  if (named !== '') return isAbsolute(named) && (await isProgram(named)) ? await realpath(named) : null
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, name)
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

export function isOlder(version: readonly number[], than: readonly number[]): boolean {
  for (const [index, part] of than.entries()) {
    const own = version[index] ?? 0
    if (own !== part) return own < part
  }
  return false
}

export function unusable(program: string | null, why: string, fix: string): Health {
  return { installed: program !== null, program, version: null, features: {}, problem: { why, fix } }
}
