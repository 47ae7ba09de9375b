import { programVersion } from '../api/wire.ts'
import type { Client } from '../client/client.ts'
import { connect } from '../client/connect.ts'
import { endDaemon } from '../client/hand-over.ts'
import { teamPaths } from '../config/paths.ts'
import { TroupeError } from '../core/error.ts'
import { olderThan } from '../util/versions.ts'
import type { CliOptions } from './open.ts'
import { startDaemon } from './starting.ts'

/**
 * Ends the daemon of this root and starts one of this release in its place. A newer one is left alone: it may have
 * changed the database, and could not be brought back by us.
 */
export async function handOver(root: string, options: CliOptions): Promise<{ client: Client; valuesKept: boolean }> {
  const { operatorSocket: socket } = teamPaths(root)
  const running = await versionOf(socket)
  if (running !== null && olderThan(programVersion, running)) {
    throw new TroupeError('incompatible', `the running daemon is troupe ${running}, newer than this (${programVersion}); it was left alone`, {
      hint: `use troupe ${running}, or stop it with troupe daemon stop`,
      facts: { program: programVersion, daemon: running },
    })
  }
  const done = options.out.progress('the daemon ends')
  const ended = await endDaemon(socket).finally(done)
  const client = await startDaemon(root, options, ended?.values ?? null)
  if (client.daemon.version === programVersion) return { client, valuesKept: ended === null || ended.values !== null }
  client.close()
  throw new TroupeError('conflict', `troupe ${client.daemon.version} started a daemon in between`, { hint: 'troupe daemon restart' })
}

/** Null where no daemon answers. */
async function versionOf(socket: string): Promise<string | null> {
  try {
    const client = await connect({ socket })
    client.close()
    return client.daemon.version
  } catch (error) {
    if (error instanceof TroupeError && error.code === 'incompatible') return String(error.facts['version'])
    if (error instanceof TroupeError && error.code === 'unavailable') return null
    throw error
  }
}
