import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { LaunchContext } from '../../core/runtime.ts'
import { writeAtomic } from '../../util/atomic-write.ts'

/** What a session must know of the launch, also one of a later daemon. No secret: `${NAME}` is filled in by the lane. */
const launched = z.object({
  /** argv of the server of the team's tools over stdio, for agents that have no HTTP. */
  shim: z.array(z.string()),
  model: z.string().nullable(),
  briefing: z.string(),
  /** The way in which it logs in, where it wants to be told. */
  auth: z.string().nullable().default(null),
})
export type Launched = z.infer<typeof launched>

export function writeLaunched({ folder, programs, agent, briefing }: LaunchContext, auth: string | null): void {
  mkdirSync(join(folder, 'acp'), { recursive: true, mode: 0o700 })
  writeAtomic(join(folder, 'acp', 'launched.json'), JSON.stringify({ shim: [programs.node, programs.shim], model: agent.model, briefing, auth } satisfies Launched))
}

/** Throws where it is not there: a launch writes it before the process begins. */
export function readLaunched(folder: string): Launched {
  return launched.parse(JSON.parse(readFileSync(join(folder, 'acp', 'launched.json'), 'utf8')))
}
