import { connect } from '../client/connect.ts'
import { TroupeError } from '../core/error.ts'

/**
 * Whether a daemon listens at this socket: `mute` where one does and says nothing, since it hangs, is stopped, or the machine is busy.
 * Whoever takes a mute one for none works beside it.
 */
export async function listens(socket: string, timeoutMs?: number): Promise<'no' | 'answers' | 'mute'> {
  try {
    const client = await connect({ socket, ...(timeoutMs === undefined ? {} : { timeoutMs }) })
    client.close()
    return 'answers'
  } catch (error) {
    if (!(error instanceof TroupeError) || error.code !== 'unavailable') throw error
    return error.facts['reason'] === 'ETIMEDOUT' ? 'mute' : 'no'
  }
}
