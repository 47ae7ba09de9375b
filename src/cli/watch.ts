import { TroupeError } from '../core/error.ts'
import type { Cli } from './cli.ts'
import type { Given } from './given.ts'
import { pause } from './pause.ts'

/** What a command shows: asked for when something happened, printed as often as its ages grow. */
export interface View<T> {
  fetch(): Promise<T>
  print(value: T, now: number): void
  /** Where it holds what no event tells of: ms after which it is asked for anyway. */
  staleMs?: number
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

/** Ends with the signal; throws `unavailable` when the daemon goes. */
async function follow<T>(cli: Cli, { fetch, print, staleMs = Infinity }: View<T>, draw: (value: unknown, print: () => void) => void): Promise<void> {
  const stop = new AbortController()
  const until = AbortSignal.any([stop.signal, cli.signal])
  let happened = new AbortController()
  const news = listen(cli, until, () => happened.abort())
  try {
    let value = await fetch()
    let asked = Date.now()
    while (!cli.signal.aborted) {
      const shown = value
      draw(shown, () => print(shown, Date.now()))
      await Promise.race([pause(tickMs, AbortSignal.any([happened.signal, cli.signal])), news])
      if (!happened.signal.aborted && Date.now() - asked < staleMs) continue
      await pause(asked + leastMs - Date.now(), cli.signal)
      happened = new AbortController()
      asked = Date.now()
      if (!cli.signal.aborted) value = await fetch()
    }
  } finally {
    stop.abort()
    await news.catch(() => undefined) // told by the race above
  }
}

async function listen(cli: Cli, until: AbortSignal, tell: () => void): Promise<void> {
  for await (const _item of cli.events(null, until)) tell()
  if (!until.aborted) throw new TroupeError('unavailable', 'the daemon has gone')
}

/** Waits until a daemon answers again, and starts none: this only looks. */
async function comesBack(cli: Cli, notice: (text: string) => void): Promise<void> {
  await cli.close()
  const since = Date.now()
  while (!cli.signal.aborted && !(await cli.running())) {
    notice(`the daemon does not answer; waiting for it for ${Math.round((Date.now() - since) / 1000)}s. To start it: troupe up`)
    await pause(tickMs, cli.signal)
  }
}
