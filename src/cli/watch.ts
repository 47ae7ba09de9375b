import type { StreamItem } from '../api/index.ts'
import { TroupeError } from '../core/error.ts'
import type { Cli } from './cli.ts'
import type { Given } from './given.ts'
import { pause } from './pause.ts'

/** What a command shows: asked for when something happened, printed as often as its ages grow. */
export interface View<T> {
  fetch(): Promise<T>
  print(value: T, now: number): void
  /** Where it holds what no event tells of: ms after which it is asked for anyway. */
  staleMs?(value: T): number
}

/** A burst of events is one look. ms */
const leastMs = 250
/** Ages are drawn in seconds. ms */
const tickMs = 1000

/** Shows it once; with `--watch` again and again, whatever becomes of the daemon, until Ctrl-C. */
export async function show<T>(cli: Cli, given: Given, view: View<T>): Promise<void> {
  if (given.flag('watch')) return await watch(cli, view)
  const value = await view.fetch()
  cli.out.show(value, () => view.print(value, Date.now()))
}

async function watch<T>(cli: Cli, view: View<T>): Promise<void> {
  const screen = cli.out.screen()
  try {
    while (!cli.signal.aborted) {
      try {
        await follow(cli, view, screen.draw)
      } catch (error) {
        if (cli.signal.aborted) return
        if (!(error instanceof TroupeError) || error.code !== 'unavailable') throw error
        await comesBack(cli, screen.notice)
      }
    }
  } finally {
    screen.close()
  }
}

/**
 * Ends with the signal; throws `unavailable` when the daemon goes. One listener for the whole time: a promise that lives
 * as long as the watch would keep whatever waited on it, second after second, through the night.
 */
async function follow<T>(cli: Cli, { fetch, print, staleMs = () => Infinity }: View<T>, draw: (value: unknown, print: () => void) => void): Promise<void> {
  let stale = false
  let gone: unknown
  let wake = (): void => undefined
  const nap = async (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    wake = resolve
    await promise
    clearTimeout(timer)
  }
  const stop = new AbortController()
  const leave = (): void => (stop.abort(), wake())
  cli.signal.addEventListener('abort', leave)
  const tell = (): void => ((stale = true), wake())
  const news = listen(cli, stop.signal, tell).catch((error: unknown) => ((gone = error), wake()))
  try {
    let value = await fetch()
    let asked = Date.now()
    while (!cli.signal.aborted) {
      if (gone !== undefined) throw gone
      const shown = value
      draw(shown, () => print(shown, Date.now()))
      if (!stale) await nap(tickMs)
      if (!stale && Date.now() - asked < staleMs(shown)) continue
      await pause(asked + leastMs - Date.now(), cli.signal)
      if (cli.signal.aborted || gone !== undefined) continue
      stale = false
      asked = Date.now()
      value = await fetch()
    }
  } finally {
    cli.signal.removeEventListener('abort', leave)
    stop.abort()
    await news
  }
}

/** Tells what is written to the journal, until the signal. Throws `unavailable` when the daemon goes. */
export async function listen(cli: Cli, until: AbortSignal, tell: (item: StreamItem) => void): Promise<void> {
  for await (const item of cli.events(null, until)) tell(item)
  if (!until.aborted) throw new TroupeError('unavailable', 'the daemon has gone')
}

/** Waits until a daemon answers again, and starts none: this only looks. */
export async function comesBack(cli: Cli, notice: (text: string) => void, until = cli.signal): Promise<void> {
  await cli.close()
  const since = Date.now()
  while (!until.aborted && !(await cli.running())) {
    notice(`the daemon does not answer; waiting for it for ${Math.round((Date.now() - since) / 1000)}s. To start it: troupe up`)
    await pause(tickMs, until)
  }
}
