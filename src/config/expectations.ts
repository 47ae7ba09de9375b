import { parseDocument } from 'yaml'
import { z } from 'zod'
import { TroupeError } from '../core/error.ts'

const list = z.array(z.string()).min(1)
const shape = z.union([list, z.strictObject({ expect: list })])

/** Sentences about who may reach whom: a YAML list, or one under `expect`. Throws `usage`. */
export function readExpectations(file: string, text: string): string[] {
  const hint = 'write a list, such as: - writer can never reach deploy'
  const document = parseDocument(text)
  const [error] = document.errors
  if (error !== undefined) throw new TroupeError('usage', `${file} is not YAML: ${error.message}`, { hint })
  const parsed = shape.safeParse(document.toJS())
  if (!parsed.success) throw new TroupeError('usage', `${file} is no list of sentences`, { hint })
  return Array.isArray(parsed.data) ? parsed.data : parsed.data.expect
}
