import type { HeldValues, ServerLine } from '../api/wire.ts'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { Held } from '../daemon/daemon.ts'
import { olderThan } from '../util/versions.ts'

/** How long a daemon waits for a keeper before it starts one, and between attempts. ms */
export const keeperWaitMs = 3000

export interface KeeperLink {
  pid: number
  /** Of the program that it runs. */
  version: string
  send(line: ServerLine): void
}

export interface KeeperSeat {
  pid(): number | null
  /**
   * The caller becomes the keeper and is told of new values from then on. Returns the way out, for its end.
   * Throws `conflict` if there is one already; values that it brought are taken in any case. A keeper of an older
   * release than ours gives up its seat to one that is not, which is started as soon as it is met; any does to one that
   * comes `instead`.
   */
  take(link: KeeperLink, values: HeldValues | null, instead?: boolean): () => void
  /** From now on an empty seat is filled: `start` is called at once when a keeper goes, after a wait otherwise. */
  watch(): void
  /** The daemon goes for good: the keeper ends too, and nobody new is started. Idempotent. */
  dismiss(): void
}

type State = { name: 'empty'; stopTimer: () => void } | { name: 'taken'; link: KeeperLink } | { name: 'dismissed' }

/** The one keeper of this daemon, of release `version`. `start` starts a keeper process, which then takes the seat by itself. */
export function keeperSeat(options: { held: Held; clock: Clock; version: string; start(): void }): KeeperSeat {
  const { held, clock, version, start } = options
  let watching = false
  let state: State = { name: 'empty', stopTimer: () => undefined }

  const waitForOne = (): void => {
    if (!watching) return
    state = { name: 'empty', stopTimer: clock.after(keeperWaitMs, () => startOne()) }
  }
  const startOne = (): void => {
    if (state.name !== 'empty' || !watching) return
    waitForOne()
    start()
  }

  const isOld = (link: KeeperLink): boolean => olderThan(link.version, version)
  /** It stays until the new one is there, so that somebody keeps us all the time. */
  const renew = (): void => {
    if (watching && state.name === 'taken' && isOld(state.link)) start()
  }

  return {
    pid: () => (state.name === 'taken' ? state.link.pid : null),
    take(link, values, instead = false) {
      if (values !== null) held.put(values)
      if (state.name === 'dismissed') throw refusal(state)
      if (state.name === 'taken' && !instead && (isOld(link) || !isOld(state.link))) throw refusal(state)
      if (state.name === 'empty') state.stopTimer()
      else state.link.send({ leave: true })
      state = { name: 'taken', link }
      if (held.values !== null) link.send({ hold: held.values })
      const unsubscribe = held.subscribe((newer) => link.send({ hold: newer }))
      renew()
      return () => {
        unsubscribe()
        if (state.name !== 'taken' || state.link !== link) return
        state = { name: 'empty', stopTimer: () => undefined }
        startOne()
      }
    },
    watch() {
      watching = true
      if (state.name === 'empty') waitForOne()
      renew()
    },
    dismiss() {
      if (state.name === 'taken') state.link.send({ leave: true })
      if (state.name === 'empty') state.stopTimer()
      state = { name: 'dismissed' }
    },
  }
}

function refusal(state: Exclude<State, { name: 'empty' }>): TroupeError {
  if (state.name === 'dismissed') return new TroupeError('conflict', 'the daemon is going, it needs no keeper')
  return new TroupeError('conflict', `process ${state.link.pid} keeps this daemon already`, { facts: { keeper: state.link.pid } })
}
