import { z } from 'zod'
import type { Known } from '../known.ts'
import { agentSchema } from './agent.ts'
import { list, text, version } from './words.ts'

/** `projects/<id>.yaml` */
export function projectSchema(known: Known) {
  const agents = z.record(text, agentSchema(known)).default({})
  return z.strictObject({
    version,
    project: z.strictObject({
      id: text.describe('Part of every address: letters, digits, `.`, `_`, `-`'),
      name: text.describe('Name for people'),
      cwd: text.describe('Where the agents work; relative to the team root'),
    }),
    channels: list(
      z.strictObject({
        name: text,
        members: z
          .union([text, z.array(text)])
          .default([])
          .describe('"*" for every agent of the project, or a list of ids'),
      }),
    ),
    managers: agents.describe('Agents that people and other projects talk to'),
    workers: agents.describe('Agents that managers talk to'),
    interfaces: z.unknown().default(null).describe('Ways for people to reach the project'),
  })
}

export type RawProject = z.output<ReturnType<typeof projectSchema>>
