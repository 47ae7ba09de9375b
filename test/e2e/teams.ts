import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { run } from '../../src/util/spawn.ts'
import { processesCarrying } from '../../scripts/demo/left-over.ts'
import type { Row, Troupe } from './troupe.ts'

/** For `runtimes/NAME.yaml`: a shell command as an agent; it counts as ready when `ready` stands on its screen. */
export function shellAgent(name: string, command: string): Record<string, string> {
  return { [`runtimes/${name}.yaml`]: JSON.stringify({ binary: 'sh', args: ['-c', command], supports_mcp: false, ready: '^ready' }) }
}

/** Who runs as what: an agent that was not disturbed keeps its line. */
export async function incarnations(troupe: Troupe): Promise<Record<string, string | null>> {
  return Object.fromEntries((await troupe.json<Row[]>('ps')).map((row) => [row.agent, row.incarnation]))
}

/** Each agent has one incarnation, and of each incarnation there is one terminal with its process. */
export async function expectOneEach(troupe: Troupe): Promise<void> {
  for (const [agent, incarnation] of Object.entries(await incarnations(troupe))) {
    expect(incarnation, agent).not.toBeNull()
    expect(await processesCarrying(`TROUPE_INCARNATION=${incarnation}`), agent).toContain(await troupe.pid(agent))
    const roots = (await processesCarrying(`TROUPE_AGENT=${agent}\0`)).filter((pid) => environmentOf(pid)['TROUPE_INCARNATION'] !== incarnation)
    expect(roots.filter((pid) => environmentOf(pid)['TEAMCTL_ROOT'] === troupe.root), agent).toEqual([])
  }
}

/** What a process was started with; empty once it is gone. */
export function environmentOf(pid: number): Record<string, string> {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter((entry) => entry.includes('='))
    return Object.fromEntries(entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]))
  } catch {
    return {} // gone
  }
}

/** The command line of a process; empty once it is gone. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return '' // gone
  }
}

/** The process of the terminal server that holds the team's agents. */
export async function terminalServer(troupe: Troupe): Promise<number> {
  const attach = (await troupe.json<Row[]>('ps')).find((row) => row.attach !== undefined)?.attach
  if (attach === undefined) throw new Error('no agent has a terminal')
  const { stdout } = await run(['tmux', '-S', attach[attach.indexOf('-S') + 1]!, 'display-message', '-p', '#{pid}'])
  return Number(stdout.trim())
}
