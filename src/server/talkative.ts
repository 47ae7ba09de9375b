import type { Logger } from 'pino'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { Daemon } from '../daemon/daemon.ts'

/**
 * The same daemon, with a line of the log for every call, and for every request to a model that comes through it: who, what, how long (of a model until its answer
 * begins), how it went. What is said in them is left out.
 */
export function talkative(daemon: Daemon, log: Logger, clock: Clock): Daemon {
  return {
    ...daemon,
    async model(caller, request) {
      const [began, path] = [clock.now(), new URL(request.url).pathname]
      const said = (went: number | string): void => log.debug({ who: caller.address, call: path, ms: clock.now() - began, went }, 'model')
      try {
        const answer = await daemon.model(caller, request)
        said(answer.status)
        return answer
      } catch (error) {
        said('fault')
        throw error
      }
    },
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
