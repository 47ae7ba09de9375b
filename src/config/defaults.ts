import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { TroupeError } from '../core/error.ts'
import { writeAtomic } from '../util/atomic-write.ts'
import { underLock } from '../util/under-lock.ts'
import type { Env } from './contexts.ts'
import { troupeHome } from './home.ts'
import { readText } from './text.ts'

/** What `new` takes where the command line says nothing; what is absent was never said. */
const shape = z.strictObject({
  provider: z.string().optional(),
  /** Of that provider, and of no other. */
  model: z.string().optional(),
  permissions: z.string().optional(),
  worker_mode: z.string().optional(),
  max_workers: z.int().min(1).max(1000).optional(),
})
export type Defaults = z.infer<typeof shape>

export const defaultKeys = ['provider', 'model', 'permissions', 'worker_mode', 'max_workers'] as const satisfies readonly (keyof Defaults)[]

export function defaultsFile(env: Env): string {
  return join(troupeHome(env), 'defaults.json')
}

/** No file: nothing is said. Throws `config` for one that cannot be understood. */
export function readDefaults(file: string): Defaults {
  const read = readText(file)
  if ('problem' in read) {
    if (read.problem.includes('not exist')) return {}
    throw unreadable(file, read.problem)
  }
  const parsed = shape.safeParse(valueOf(file, read.text))
  if (parsed.success) return parsed.data
  throw unreadable(file, parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`).join('; '))
}

export function changeDefaults(env: Env, change: (defaults: Defaults) => Defaults): Defaults {
  const file = defaultsFile(env)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  return underLock(file, () => {
    const changed = change(readDefaults(file))
    writeAtomic(file, `${JSON.stringify(changed, null, 2)}\n`)
    return changed
  })
}

function valueOf(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw unreadable(file, error instanceof Error ? error.message : String(error))
  }
}

function unreadable(file: string, why: string): TroupeError {
  return new TroupeError('config', `${file} cannot be understood: ${why}`, { hint: 'correct it, or remove it: troupe defaults set makes a new one', facts: { file } })
}
