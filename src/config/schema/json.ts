import { z } from 'zod'
import type { Known } from '../known.ts'
import { composeSchema } from './compose.ts'
import { descriptorSchema } from './descriptor.ts'
import { projectSchema } from './project.ts'

export type FileKind = 'compose' | 'project' | 'runtime'

export const fileKinds: readonly FileKind[] = ['compose', 'project', 'runtime']

/** The JSON Schema (draft 2020-12) of one kind of file, for editors: what may be written, not what comes of it. */
export function jsonSchema(kind: FileKind, known: Known): Record<string, unknown> {
  const schemas = { compose: composeSchema(known), project: projectSchema(known), runtime: descriptorSchema }
  const title = { compose: 'team-compose.yaml', project: 'projects/<id>.yaml', runtime: 'runtimes/<name>.yaml' }
  const { $schema, ...rest } = z.toJSONSchema(schemas[kind], { io: 'input' })
  return { $schema, title: `troupe: ${title[kind]}`, ...rest }
}
