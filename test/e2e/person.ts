import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { run, type Ran } from '../../src/util/spawn.ts'
import { processesCarrying } from '../../scripts/demo/left-over.ts'
import { dist, kill } from './troupe.ts'

/** Somebody with a home of their own and a folder to work in, who makes teams from the command line. All of it goes with the test. */
export class Person {
  readonly folder: string
  readonly home: string
  readonly work: string
  readonly env: Record<string, string>

  constructor(env: Record<string, string> = {}) {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'te-')))
    this.home = join(this.folder, 'home')
    this.work = join(this.folder, 'work')
    for (const each of [this.home, this.work]) mkdirSync(each)
    this.env = { PATH: process.env['PATH'] ?? '', HOME: this.home, LANG: 'C.UTF-8', TERM: 'xterm-256color', ...env }
    onTestFinished(async ({ task }) => {
      if (task.result?.state === 'fail') console.log((await this.run('list')).stdout)
      await this.leave()
    })
  }

  async run(...args: string[]): Promise<Ran> {
    return await this.with({}, ...args)
  }

  /** With more in the environment, or something on stdin. */
  async with(more: { env?: Record<string, string>; input?: string; cwd?: string }, ...args: string[]): Promise<Ran> {
    const { input } = more
    return await run([process.execPath, join(dist, 'troupe.cjs'), ...args], { env: { ...this.env, ...more.env }, cwd: more.cwd ?? this.work, timeoutMs: 240_000, ...(input === undefined ? {} : { input }) })
  }

  async ok(...args: string[]): Promise<string> {
    const ran = await this.run(...args)
    if (ran.code !== 0) throw new Error(`troupe ${args.join(' ')} ended with ${ran.code ?? ran.signal}\n${ran.stdout}${ran.stderr}`)
    return ran.stdout
  }

  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.ok(...args, '--json')) as T
  }

  root(team: string): string {
    return join(this.home, '.troupe/teams', team)
  }

  /** A scenario for `--rehearsal`, as a file. */
  scenario(agents: object): string {
    const file = join(this.folder, 'scenario.yaml')
    writeFileSync(file, JSON.stringify({ about: 'as the test says', agents }))
    return file
  }

  private async leave(): Promise<void> {
    const teams = await this.json<{ name: string; state: string }[]>('list').catch(() => [])
    for (const { name } of teams) await this.run('-T', name, 'down', '--hard')
    for (const pid of await processesCarrying(this.folder)) kill(pid)
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}
