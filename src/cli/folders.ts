import type { FolderFinding } from '../core/runtime.ts'
import { agentsOf, type Team } from '../core/team.ts'
import { loadRuntime } from '../runtimes/index.ts'

/** What the working folders of a team have for the CLIs that run in them, each once, with the agents whom it concerns. */
export async function foldersOf(team: Team): Promise<(FolderFinding & { agents: string[] })[]> {
  const found = new Map<string, FolderFinding & { agents: string[] }>()
  for (const { address, runtime, descriptor, cwd } of agentsOf(team)) {
    // A runtime that is not there in this version is told elsewhere.
    const loaded = await loadRuntime(runtime, descriptor, 'terminal').catch(() => null)
    for (const finding of (await loaded?.lookInto?.(cwd)) ?? []) {
      const key = `${finding.file}\n${finding.what}`
      found.set(key, { ...finding, agents: [...(found.get(key)?.agents ?? []), address] })
    }
  }
  return [...found.values()]
}
