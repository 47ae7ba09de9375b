import { createHash } from 'node:crypto'
import { agentsOf, type Agent, type Team } from '../core/team.ts'
import { contentOf } from '../util/open-regular.ts'

/** SHA-256 of each file that an agent is started with, by path. A file that cannot be read is left out. */
export function contentsOf(agents: readonly Agent[]): Record<string, string> {
  const files = new Set(agents.flatMap(({ rolePrompt, subagents }) => [...rolePrompt, ...subagents]))
  return Object.fromEntries([...files].flatMap((file) => hashed(file)))
}

export function teamContents(team: Team): Record<string, string> {
  return contentsOf(agentsOf(team))
}

function hashed(file: string): [string, string][] {
  try {
    return [[file, createHash('sha256').update(contentOf(file)).digest('hex')]]
  } catch {
    return [] // gone since it was checked, or a pipe by now: the launch says so
  }
}
