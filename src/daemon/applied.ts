import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { TroupeError } from '../core/error.ts'
import { agentsOf, type Agent, type Broker, type Team } from '../core/team.ts'
import { renderApplied, renderEnv, renderMcp } from '../config/applied.ts'
import type { Paths } from '../config/paths.ts'
import { writeAtomic } from '../util/atomic-write.ts'
import { sha256 } from '../core/event.ts'
import type { Started } from '../core/started.ts'

/** Writes what people and scripts may read of the applied team: `applied.json`, and two files for each agent. */
export function writeApplied(paths: Paths, team: Team, at: number, shim: string[], started: (agent: Agent) => Started): void {
  for (const agent of agentsOf(team)) {
    write(paths.agentEnv(agent.project, agent.id), renderEnv(team, agent))
    write(paths.agentMcp(agent.project, agent.id), renderMcp(shim))
  }
  const fingerprints = agentsOf(team).map((agent) => [agent.address, sha256(JSON.stringify(started(agent)))])
  write(paths.applied, renderApplied(team, at, Object.fromEntries(fingerprints) as Record<string, string>))
}

const applied = z.object({
  schema: z.literal(3),
  global: z.object({
    broker: z.union([
      z.object({ type: z.literal('sqlite'), path: z.string() }),
      z.object({ type: z.literal('postgres'), url_env: z.string() }),
    ]),
  }),
})

/** The store that the applied team uses; null where nothing is applied, or where the file is another program's. */
export function appliedBroker({ root, applied: file }: Paths): Broker | null {
  const found = applied.safeParse(readJson(file))
  if (!found.success) return null
  const { broker } = found.data.global
  return broker.type === 'sqlite' ? { ...broker, path: resolve(root, broker.path) } : { type: 'postgres', urlEnv: broker.url_env }
}

/** When what it tells of was applied, ms; null where there is no such file. */
export function appliedAt(file: string): number | null {
  const found = z.object({ applied_at: z.string() }).safeParse(readJson(file))
  return found.success ? Date.parse(found.data.applied_at) : null
}

export function forgetApplied(file: string): void {
  rmSync(file, { force: true })
}

/** Agents' mail must not be left behind in another database while they run. */
export function checkBroker(open: Broker, wanted: Broker): void {
  if (JSON.stringify(open) === JSON.stringify(wanted)) return
  throw new TroupeError('config', 'the broker in team-compose.yaml is not the one that the running team uses', {
    hint: 'troupe down, then troupe up (mail stays in the old database)',
    facts: { open: open.type, wanted: wanted.type },
  })
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeAtomic(file, text)
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null // missing, or not ours to judge: the files of the team decide
  }
}
