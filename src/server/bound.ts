import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs'
import type { Server } from 'node:net'
import { dirname } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'

/** How often a socket's file is looked for, ms. */
const lookEveryMs = 2_000

export interface Holding {
  clock: Clock
  /** The file was gone, or another: told whether it could be bound anew or not. */
  rebound(what: unknown): void
}

/**
 * Listens on a Unix socket that only its owner can use, and again when its file was removed or replaced: who cleans
 * up a folder must not cut a daemon off that lives. Connections stay. Returns the way out, for before the server is
 * closed. The caller is the only one who may listen there: what stands there already is removed.
 */
export async function holdSocket(server: Server, path: string, { clock, rebound }: Holding): Promise<() => void> {
  let mark = await listenOn(server, path)
  let left = false
  let cancel = (): void => undefined
  const look = async (): Promise<void> => {
    if (left || markOf(path) === mark) return
    server.close() // of what nobody can find any more
    mark = await listenOn(server, path)
    rebound(new TroupeError('failed', `the socket ${path} was removed while its daemon lives; it is there again`))
  }
  const next = (): void => {
    if (!left) cancel = clock.after(lookEveryMs, () => void look().catch(rebound).finally(next))
  }
  next()
  return () => {
    left = true
    cancel()
  }
}

/** The folder is private: that closes the moment before the mode is set. Resolves to what tells this very file. */
async function listenOn(server: Server, path: string): Promise<string | null> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  rmSync(path, { force: true })
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: Error): void =>
      reject(new TroupeError('failed', `cannot listen on ${path}: ${cause.message}`, { hint: 'check owner and mode of its folder', cause }))
    server.once('error', failed)
    server.listen(path, () => {
      server.off('error', failed)
      resolve()
    })
  })
  chmodSync(path, 0o600)
  return markOf(path)
}

/** Null where nothing is there. */
function markOf(path: string): string | null {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found === undefined ? null : `${found.ino} ${found.birthtimeMs}`
}
