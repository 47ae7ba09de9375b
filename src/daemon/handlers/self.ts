import { TroupeError } from '../../core/error.ts'
import type { Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'

/** What an agent asks for itself; who it is comes from its connection. */
export function self({ compactions }: Parts): Pick<Handlers, 'compact_self'> {
  return {
    compact_self: async (_input, { caller }) => {
      if (caller.kind !== 'agent') throw new TroupeError('denied', 'only an agent has a conversation', { hint: 'troupe attach AGENT --rw, and type it' })
      return { status: 'dispatched' as const, ...(await compactions.ask(caller.address, caller.incarnation)) }
    },
  }
}
