import { basename, dirname } from 'node:path'
import { TroupeError } from '../../core/error.ts'
import { runHere } from '../../util/spawn.ts'
import type { Cli } from '../cli.ts'
import { decideWith } from '../commands/approvals.ts'
import { eventOf } from '../event-line.ts'
import { comesBack, listen } from '../watch.ts'
import { bounded } from './bounded.ts'
import { isAway, Loader, ScreenWatch, watched, wordsOf } from './live.ts'
import { fetchPage } from './pages.ts'
import { partsOf } from './parts.ts'
import { render } from './render.ts'
import { allParts, initial, type Effect, type Event, type State } from './state.ts'
import { Terminal } from './terminal.ts'
import { update } from './update.ts'

/** Ages are drawn in seconds. ms */
const tickMs = 1_000
const startTimeoutMs = 120_000

/** The page on this terminal until somebody quits. Returns the exit code. */
export async function runPage(cli: Cli): Promise<number> {
  const root = await cli.root()
  // What cannot be shown at all is told the ordinary way.
  await cli.hello()
  const page = new LivePage(cli, basename(root) === '.team' ? basename(dirname(root)) : basename(root))
  return await page.run()
}

/** Carries out what `update` decides, and brings back what comes of it. */
class LivePage {
  #state: State
  #drawing = false
  /** Takes the passphrase that was asked for. */
  #answer: (passphrase: string | null) => void = () => undefined
  readonly #cli: Cli
  /** For whatever is asked while the page is shown: it starts no daemon, so whoever ended the team does not get one back by that. */
  readonly #asking: Cli
  readonly #terminal: Terminal
  readonly #loader: Loader
  readonly #screen: ScreenWatch
  readonly #stop = new AbortController()
  readonly #done = Promise.withResolvers<number>()

  constructor(cli: Cli, title: string) {
    const emit = (event: Event): void => this.#take(event)
    this.#cli = cli
    this.#asking = { ...cli, call: async (...asked) => (this.#state.link.name === 'live' ? await cli.call(...asked) : await Promise.reject(away())) }
    this.#loader = new Loader(this.#asking, emit, () => this.#state, this.#stop.signal)
    this.#screen = new ScreenWatch(this.#asking, emit)
    this.#terminal = new Terminal(
      { stdin: process.stdin, stdout: process.stdout, colours: cli.out.color.isColorSupported },
      {
        key: (key) => emit({ on: 'key', key }),
        paste: (text) => emit({ on: 'paste', text }),
        size: (size) => emit({ on: 'size', size }),
        end: (code) => this.#done.resolve(code),
      },
    )
    this.#state = initial(this.#terminal.size, title, cli.language, Date.now())
  }

  async run(): Promise<number> {
    const tick = setInterval(() => this.#take({ on: 'tick', now: Date.now() }), tickMs)
    const interrupted = (): void => this.#done.resolve(130)
    this.#cli.signal.addEventListener('abort', interrupted)
    try {
      this.#terminal.start()
      // Also what its own look for a daemon throws ends the page, and is told.
      const following = this.#follow().catch((error: unknown) => this.#done.reject(error))
      const code = await this.#done.promise
      this.#stop.abort()
      await following
      return code
    } finally {
      this.#stop.abort()
      clearInterval(tick)
      this.#screen.look(null)
      this.#terminal.stop()
      this.#cli.signal.removeEventListener('abort', interrupted)
    }
  }

  /** Nothing is taken once it ends: what came of it would be asked of a daemon that was let go. */
  #take(event: Event): void {
    if (this.#stop.signal.aborted) return
    try {
      const { state, effects } = update({ ...this.#state, now: Date.now() }, event)
      this.#state = bounded(state)
      this.#screen.look(watched(this.#state))
      for (const effect of effects) void this.#carryOut(effect)
      this.#drawSoon()
    } catch (error) {
      this.#done.reject(error)
    }
  }

  /** Whatever comes in one turn of the event loop is one frame. */
  #drawSoon(): void {
    if (this.#drawing) return
    this.#drawing = true
    setImmediate(() => {
      this.#drawing = false
      try {
        this.#terminal.draw(render(this.#state))
      } catch (error) {
        this.#done.reject(error)
      }
    })
  }

  /** The journal, over every daemon that comes and goes. */
  async #follow(): Promise<void> {
    const { signal } = this.#stop
    const tell = (data: unknown): void => {
      const event = eventOf(data)
      this.#take({ on: 'news', parts: event === null ? allParts : partsOf(event.type) })
      if (event === null || event.type.startsWith('agent.')) this.#screen.stir()
    }
    while (!signal.aborted) {
      try {
        const following = listen(this.#cli, signal, (item) => tell(item.data))
        await this.#cli.hello()
        this.#take({ on: 'link', link: { name: 'live' } })
        await following
      } catch (error) {
        if (signal.aborted) return
        if (!isAway(error)) return this.#done.reject(error)
        this.#take({ on: 'link', link: { name: 'lost', since: Date.now() } })
        await comesBack(this.#cli, () => undefined, signal)
      }
    }
  }

  async #carryOut(effect: Effect): Promise<void> {
    try {
      await this.#does(effect)
    } catch (error) {
      if (effect.do === 'page' && isAway(error)) return
      this.#take({ on: 'told', text: wordsOf(error), bad: true })
    }
  }

  async #does(effect: Effect): Promise<void> {
    const told = (text: string, bad = false): void => this.#take({ on: 'told', text, bad })
    switch (effect.do) {
      case 'load':
        return this.#loader.want(effect.parts)
      case 'page':
        return this.#take({ on: 'page', subject: effect.subject, lines: await fetchPage(this.#asking, effect.subject) })
      case 'redraw':
        return this.#terminal.forget()
      case 'suspend':
        return this.#terminal.suspend()
      case 'quit':
        return this.#done.resolve(effect.code)
      case 'attach':
        return await this.#attach(effect.agent)
      case 'send': {
        const sent = await this.#send(effect)
        return this.#take({ on: 'sent', to: effect.to.name, said: effect.text, text: sent })
      }
      case 'decide': {
        const { id, n, verdict, note } = effect
        const decided = await decideWith(this.#asking, { id, verdict, ...(note === '' ? {} : { note }) }, async () => await this.#passphrase(n))
        return told(`Approval ${decided.n} ${decided.status === 'denied' ? 'denied' : 'approved'}.`)
      }
      case 'prove':
        return this.#answer(effect.passphrase)
      case 'interrupt':
        await this.#asking.call('interrupt', { agent: effect.agent })
        return told(`${effect.agent} was told to interrupt its turn.`)
      case 'stop':
        told(`Stopping ${effect.agent} …`)
        await this.#asking.call('stop', { agents: [effect.agent] })
        return told(`${effect.agent} is stopped.`)
      case 'start':
      case 'restart': {
        told(`${effect.do === 'start' ? 'Starting' : 'Restarting'} ${effect.agent} …`)
        const { troubles } = await this.#asking.call(effect.do, { agents: [effect.agent], timeoutMs: startTimeoutMs })
        const [trouble] = troubles
        return trouble === undefined ? told(`${effect.agent} is ready.`) : told(`${trouble.agent}: ${trouble.why}. Try: ${trouble.fix}`, true)
      }
    }
  }

  async #passphrase(n: number): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string | null>()
    this.#answer = resolve
    this.#take({ on: 'challenge', n })
    const given = await promise
    if (given !== null) return given
    throw new TroupeError('failed', `approval ${n} was not decided`, { hint: 'it waits as before' })
  }

  async #send({ to, text }: Extract<Effect, { do: 'send' }>): Promise<string> {
    if (to.kind === 'agent') {
      const { n, deliveries } = await this.#asking.call('send', { to: to.name, text })
      return `#${n} → ${deliveries.map((each) => `${each.to}: ${each.state}`).join(', ')}`
    }
    const { id, channel, recipients } = await this.#asking.call('broadcast', { channel: to.name, text })
    return `#${id} → ${channel}: ${recipients.join(', ')}`
  }

  /** The agent's own terminal, read-only, on this one, until it is detached. */
  async #attach(agent: string): Promise<void> {
    const { argv } = await this.#asking.call('attach', { agent, rw: false })
    this.#terminal.stop()
    try {
      const code = await runHere(argv)
      if (code !== 0) this.#take({ on: 'told', text: `The terminal of ${agent} could not be shown (exit ${code}).`, bad: true })
    } finally {
      this.#terminal.start()
    }
  }
}

function away(): TroupeError {
  return new TroupeError('unavailable', 'the daemon is away; nothing was done', { hint: 'troupe up, in another terminal' })
}
