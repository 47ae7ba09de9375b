import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { writeAtomic } from '../util/atomic-write.ts'
import { underLock } from '../util/under-lock.ts'
import { contextsFile, readContexts, type Contexts, type Env } from './contexts.ts'

/** Changes the names on a fresh reading, while nobody else does. Returns what holds now. */
export function changeContexts(env: Env, change: (contexts: Contexts) => Contexts): Contexts {
  const file = contextsFile(env)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  return underLock(file, () => {
    const changed = change(readContexts(file))
    writeAtomic(file, `${JSON.stringify({ current: changed.current, contexts: Object.fromEntries(changed.roots) }, null, 2)}\n`)
    return changed
  })
}
