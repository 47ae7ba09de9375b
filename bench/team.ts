import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from '../src/client/connect.ts'
import type { Client } from '../src/client/client.ts'
import { processEnvironment } from '../src/config/environment.ts'
import { teamPaths } from '../src/config/paths.ts'
import { run } from '../src/util/spawn.ts'

const program = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist', 'troupe.cjs')

export interface BenchTeamOptions {
  /** The whole team rehearses on it. */
  scenario?: object | null
  runtime?: string
  path?: string | null
  /** The team's files, instead of a team of like agents. */
  files?: Record<string, string> | null
  /** Beside the usual variables. */
  env?: Record<string, string>
}

/** A team of like agents in a folder of its own, used as a person would use it. */
export class BenchTeam {
  readonly root: string
  readonly #folder: string
  readonly #env: Record<string, string>

  /** `loopguard` is not in the way: operators are exempt, and agents of a bench send little. `path` stands before PATH. */
  constructor(agents: number, { scenario = null, runtime = 'scripted', path = null, files = null, env = {} }: BenchTeamOptions = {}) {
    this.#folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'))
    this.root = join(this.#folder, '.team')
    const home = join(this.#folder, 'home')
    mkdirSync(home)
    for (const [name, text] of Object.entries(files ?? alike(agents, runtime, scenario))) {
      mkdirSync(dirname(join(this.root, name)), { recursive: true })
      writeFileSync(join(this.root, name), text)
    }
    const { PATH = '' } = processEnvironment()
    this.#env = { PATH: path === null ? PATH : `${path}${delimiter}${PATH}`, HOME: home, LANG: 'C.UTF-8', TERM: 'xterm-256color', ...env }
  }

  /** Whole process, ms. */
  async time(...args: string[]): Promise<number> {
    const begun = performance.now()
    await this.troupe(...args)
    return performance.now() - begun
  }

  async troupe(...args: string[]): Promise<string> {
    const ran = await run([process.execPath, program, '-C', this.root, ...args], { env: this.#env, timeoutMs: 300_000 })
    if (ran.code !== 0) throw new Error(`troupe ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}`)
    return ran.stdout
  }

  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.troupe(...args, '--json')) as T
  }

  /** A daemon of our own under `prefix`, which runs it. It ends with the team. */
  async startDaemon(prefix: string[]): Promise<void> {
    const [file = '', ...argv] = [...prefix, process.execPath, join(dirname(program), 'daemon.js'), '--root', this.root, '--no-keeper']
    const child = spawn(file, argv, { env: this.#env, stdio: ['ignore', 'ignore', 'inherit'] })
    for (;;) {
      const client = await this.client().catch(() => null)
      if (client !== null) return client.close()
      if (child.exitCode !== null) throw new Error(`${file} ended with ${child.exitCode}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async client(): Promise<Client> {
    return await connect({ socket: teamPaths(this.root).operatorSocket })
  }

  /** The token of a running agent, as its own shell could read it. */
  async token(agent: string): Promise<string> {
    const { pid } = await this.json<{ pid: number }>('inspect', agent)
    const line = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').find((each) => each.startsWith('TROUPE_AGENT_TOKEN='))
    if (line === undefined) throw new Error(`${agent} has no token in its environment`)
    return line.slice(line.indexOf('=') + 1)
  }

  async end(): Promise<void> {
    await this.troupe('down', '--hard').catch((error: unknown) => process.stderr.write(`${String(error)}\n`))
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

export function agentName(index: number): string {
  return `a${String(index).padStart(3, '0')}`
}

/** The files of a team whose agents do nothing by themselves, look busy and know no limits: the calls are the bench's own. */
export function stillTeam(agents: number): Record<string, string> {
  const members = Array.from({ length: agents }, (_, index) => `  ${agentName(index)}: {runtime: still, can_dm: ["*"], can_broadcast: [all]}\n`)
  return {
    'team-compose.yaml': 'version: 2\nloop_guard: {enabled: false}\nlimits: {requests_per_second: 100000, inbox_messages: 100000}\nprojects:\n  - file: projects/load.yaml\n',
    'projects/load.yaml': `version: 2\nproject: {id: load, name: Load, cwd: .}\nchannels:\n  - {name: all, members: "*"}\nworkers:\n${members.join('')}`,
    'runtimes/still.yaml': 'binary: sh\nargs: [-c, "echo ready, at work; exec sleep 600"]\nsupports_mcp: true\nready: ^ready\nbusy: at work\n',
  }
}

function alike(agents: number, runtime: string, scenario: object | null): Record<string, string> {
  const rehearsal = scenario === null ? '' : 'rehearsal: ./scenario.yaml\n'
  return {
    ...(scenario === null ? {} : { 'scenario.yaml': JSON.stringify(scenario) }),
    'team-compose.yaml': `version: 2\n${rehearsal}loop_guard: {enabled: false}\nprojects:\n  - file: projects/load.yaml\n`,
    'projects/load.yaml': project(agents, runtime),
  }
}

function project(agents: number, runtime: string): string {
  const workers = Array.from({ length: agents }, (_, index) => `  ${agentName(index)}: {runtime: ${runtime}, can_dm: ["*"], can_broadcast: [all]}\n`)
  return `version: 2\nproject: {id: load, name: Load, cwd: .}\nchannels:\n  - {name: all, members: "*"}\nworkers:\n${workers.join('')}`
}
