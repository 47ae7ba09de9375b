import { parse } from 'yaml'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Ran } from '../../src/util/spawn.ts'
import { Troupe } from './troupe.ts'

/** As `--json` shows it. */
export interface Task { n: number; key: string | null; agent: string | null; state: string; detail: string; held: boolean; person: boolean; signal: string | null; confidence: string | null; result: string | null; attempts: number; title: string }
export interface Waited { done: Task[]; failed: Task[]; waiting: Task[]; cancelled: Task[]; open: Task[]; timedOut: boolean }

/** A lead that may make workers, in a folder of its own; what workers do is in the scenario. */
export function shop(workers: readonly object[], { compose = {}, lead = {}, agents = {}, leadRules = [] }: { compose?: object; lead?: object; agents?: object; leadRules?: object[] } = {}): Record<string, string> {
  const rules = { lead: leadRules, '*': workers }
  return {
    'team-compose.yaml': JSON.stringify({ version: 2, rehearsal: './scenario.yaml', projects: [{ file: 'projects/p.yaml' }], ...compose }),
    'projects/p.yaml': `# our shop
version: 2
project: { id: p, name: P, cwd: . }
managers:
  lead: ${JSON.stringify({ runtime: 'scripted', can_dm: ['*'], can_spawn: true, ...lead })} # who leads
workers: ${Object.keys(agents).length === 0 ? '{}' : JSON.stringify(agents)}
`,
    'scenario.yaml': JSON.stringify({ about: 'as the test says', agents: rules }),
  }
}

export class Shop extends Troupe {
  async spawn(...args: string[]): Promise<{ agent: string; task: Task }> {
    return await this.json('spawn', ...args)
  }

  async tasks(): Promise<Task[]> {
    return (await this.json<Task[]>('tasks')).toSorted((a, b) => a.n - b.n)
  }

  async waited(...args: string[]): Promise<{ ran: Ran; out: Waited }> {
    const ran = await this.run('wait', ...args, '--json')
    return { ran, out: JSON.parse(ran.stdout) as Waited }
  }

  workersInFile(): Record<string, Record<string, unknown>> {
    return (parse(readFileSync(join(this.root, 'projects', 'p.yaml'), 'utf8')) as { workers: Record<string, Record<string, unknown>> | null }).workers ?? {}
  }
}
