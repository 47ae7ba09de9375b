import type { Logger } from 'pino'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { Daemon } from '../daemon/daemon.ts'

/** The same daemon, with a line of the log for every call: who, what, how long, how it went. Inputs hold mail and are left out. */
export function talkative(daemon: Daemon, log: Logger, clock: Clock): Daemon {
  return {
    ...daemon,
    async call(caller, name, input, signal) {
      const began = clock.now()
      const who = caller.kind === 'agent' ? caller.address : caller.kind
      const said = (went: string): void => log.debug({ who, call: name, ms: clock.now() - began, went }, 'call')
      try {
        const answer = await daemon.call(caller, name, input, signal)
        said('ok')
        return answer
      } catch (error) {
        said(error instanceof TroupeError ? error.code : 'fault')
        throw error
      }
    },
  }
}
