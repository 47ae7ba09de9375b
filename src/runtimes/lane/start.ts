import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { LaunchContext } from '../../core/runtime.ts'
import { writeAtomic } from '../../util/atomic-write.ts'
import type { LaneView } from '../../util/lane-link.ts'

/** What a lane keeps in the agent's folder: what was said, and what a one-shot run is given. */
export function laneFolder(agentFolder: string): string {
  return join(agentFolder, 'lane')
}

/**
 * argv of the lane that runs a CLI: what a `ProcessSpec` takes. `argv`: the CLI's own, without secret or prompt. `input`: all that
 * the CLI is told on its standard input, which is closed after it; absent where the session writes there.
 */
export function laneArgv(context: Pick<LaunchContext, 'folder' | 'laneSocket' | 'programs'>, cli: { view: LaneView; argv: readonly string[]; input?: string }): string[] {
  const { programs, laneSocket } = context
  const folder = laneFolder(context.folder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'input')
  if (cli.input !== undefined) writeAtomic(file, cli.input)
  const given = cli.input === undefined ? [] : ['--input', file]
  return [programs.node, programs.lane, '--folder', folder, '--socket', laneSocket, '--view', cli.view, ...given, '--', ...cli.argv]
}
