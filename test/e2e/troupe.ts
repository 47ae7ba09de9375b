import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, vi } from 'vitest'
import { run, type Ran } from '../../src/util/spawn.ts'
import { processesCarrying } from '../../scripts/demo/left-over.ts'

/** Where the shipped programs are. */
export const dist = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'dist')
const shipped = join(dist, 'troupe.cjs')

export interface Row { agent: string; phase: string; detail: string; incarnation: string | null; restarts: number; inbox: number; attach?: string[] }
export interface Mail { id: string; n: number; from: string; to: string; text: string; state: string; proof: string | null }

export interface Explained { text: string; deliveries: { to: string; state: string; proof: string | null; steps: { at: number; what: string; by: string }[] }[] }
export interface JournalLine { at: number; type: string; agent: string | null; data: Record<string, unknown> }

/** Waits as long as a slow machine may need; a wait that fails shows the last reason. */
export const patiently = { timeout: 90_000, interval: 100 }

/** One team in a folder of its own with an empty HOME, used through the program that is shipped. Gone with the test. */
export class Troupe {
  readonly folder: string
  readonly root: string
  readonly env: Record<string, string>
  /** The CLI that the commands run. */
  program = shipped

  constructor(files: Record<string, string>, env: Record<string, string> = {}, below = '.') {
    this.folder = mkdtempSync(join(tmpdir(), 'troupe-e2e-'))
    this.root = join(this.folder, below, '.team')
    const home = join(this.folder, 'home')
    mkdirSync(home)
    this.write(files)
    this.env = { PATH: process.env['PATH'] ?? '', HOME: home, LANG: 'C.UTF-8', TERM: 'xterm-256color', ...env }
    onTestFinished(async ({ task }) => {
      if (task.result?.state === 'fail') await this.tellWhatHappened()
      await this.remove()
    })
  }

  /** Runs one command to its end. */
  async run(...args: string[]): Promise<Ran> {
    return await run([process.execPath, this.program, '-C', this.root, ...args], { env: this.env, cwd: this.folder, timeoutMs: 240_000 })
  }

  /** Runs one command that must work. */
  async ok(...args: string[]): Promise<string> {
    const ran = await this.run(...args)
    if (ran.code !== 0) throw new Error(`troupe ${args.join(' ')} ended with ${ran.code ?? ran.signal}\n${ran.stdout}${ran.stderr}`)
    return ran.stdout
  }

  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.ok(...args, '--json')) as T
  }

  async agent(name: string): Promise<Row> {
    const row = (await this.json<Row[]>('ps')).find((each) => each.agent === name || each.agent.endsWith(`:${name}`))
    if (row === undefined) throw new Error(`no agent ${name}`)
    return row
  }

  async pid(name: string): Promise<number> {
    const { pid } = await this.json<{ pid: number | null }>('inspect', name)
    if (pid === null) throw new Error(`${name} has no process`)
    return pid
  }

  async daemon(): Promise<{ pid: number; keeper: number | null; address: string }> {
    return await this.json('daemon', 'status')
  }

  async mail(): Promise<Mail[]> {
    return await this.json<Mail[]>('mail', '--all', '--limit', '1000')
  }

  /** The journal so far, oldest first. */
  async events(...args: string[]): Promise<JournalLine[]> {
    return await this.json<JournalLine[]>('tail', '--lines', '10000', ...args)
  }

  async explain(id: string | number): Promise<Explained> {
    return await this.json<Explained>('explain', 'message', String(id))
  }

  /** Waits until every message of the team is acknowledged and there are at least this many. */
  async settled(messages: number): Promise<Mail[]> {
    return await vi.waitFor(async () => {
      const mail = await this.mail()
      expect(mail.length).toBeGreaterThanOrEqual(messages)
      expect(mail.filter((each) => !each.state.startsWith('acked'))).toEqual([])
      return mail
    }, patiently)
  }

  /** Processes that still carry this team's folder. */
  async leftOver(): Promise<number[]> {
    return await processesCarrying(this.folder)
  }

  /** Replaces files below the root. */
  write(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) {
      const file = join(this.root, name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
  }

  /** For whoever looks into a failure: the daemon's log, the journal, and what the agents' terminals show. */
  async tellWhatHappened(): Promise<void> {
    const log = join(this.root, 'state', 'run', 'daemon.log')
    console.log(existsSync(log) ? readFileSync(log, 'utf8').slice(-10_000) : 'the daemon left no log')
    for (const command of [['tail', '--lines', '200'], ['logs', '--lines', '40']]) {
      const told = await this.run(...command)
      console.log(told.stdout, told.stderr)
    }
  }

  async remove(): Promise<void> {
    await this.end()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }

  /** Nothing of the team runs any more. */
  async end(): Promise<void> {
    await this.run('down', '--hard').catch(() => {})
    for (const pid of await this.leftOver()) kill(pid)
  }
}

/** SIGKILL; a process that is gone already is fine. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

export interface TeamFiles {
  runtime?: string
  broker?: string
  rehearsal?: string
  supervisor?: string
  extra?: Record<string, string>
}

/** A manager and a worker that may talk to each other. */
export function pair({ runtime = 'scripted', broker = '', rehearsal = 'hello', supervisor = '', extra = {} }: TeamFiles = {}): Record<string, string> {
  return {
    'team-compose.yaml': `version: 2\n${broker}${supervisor}rehearsal: ${rehearsal}\nprojects:\n  - file: projects/hello.yaml\n`,
    'projects/hello.yaml': `version: 2
project: {id: hello, name: Hello, cwd: .}
channels:
  - {name: all, members: "*"}
managers:
  manager: {runtime: ${runtime}, can_dm: [dev], can_broadcast: [all]}
workers:
  dev: {runtime: ${runtime}, can_dm: [manager], can_broadcast: [all], reports_to: manager}
`,
    ...extra,
  }
}

/** One project `p` of any agents, as JSON, which is YAML too. Agents are scripted and may write to all unless said otherwise. */
export function team(agents: Record<string, object>, { scenario, compose = {} }: { scenario?: object; compose?: object } = {}): Record<string, string> {
  const workers = Object.fromEntries(Object.entries(agents).map(([name, agent]) => [name, { runtime: 'scripted', can_dm: ['*'], ...agent }]))
  const rehearsal = scenario === undefined ? {} : { rehearsal: './scenario.yaml' }
  return {
    'team-compose.yaml': JSON.stringify({ version: 2, ...rehearsal, projects: [{ file: 'projects/p.yaml' }], ...compose }),
    'projects/p.yaml': JSON.stringify({ version: 2, project: { id: 'p', name: 'P', cwd: '.' }, workers }),
    ...(scenario === undefined ? {} : { 'scenario.yaml': JSON.stringify({ about: 'as the test says', agents: scenario }) }),
  }
}
