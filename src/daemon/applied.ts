import { readFileSync, rmSync } from 'node:fs'
import { TroupeError } from '../core/error.ts'
import { sha256 } from '../core/event.ts'
import { agentsOf, type Broker, type Team } from '../core/team.ts'
import { writeAtomic } from '../util/atomic-write.ts'

/** `state/applied.json`: what the last `up` applied, for people and for the next daemon's choice of store. */
export interface Applied {
  schema: 3
  appliedAt: number
  broker: Broker
  digest: string
  agents: string[]
}

export function writeApplied(file: string, team: Team, at: number): void {
  const applied: Applied = {
    schema: 3,
    appliedAt: at,
    broker: team.broker,
    digest: `sha256:${sha256(JSON.stringify(team))}`,
    agents: agentsOf(team).map((agent) => agent.address),
  }
  writeAtomic(file, `${JSON.stringify(applied, null, 2)}\n`)
}

/** Null where nothing is applied, or where the file is another program's. */
export function readApplied(file: string): Applied | null {
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return typeof found === 'object' && found !== null && 'schema' in found && found.schema === 3 ? (found as Applied) : null
  } catch {
    return null // missing, or not ours to judge: the files of the team decide
  }
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
