import type { Clock } from '../core/clock.ts'
import type { Session, SessionContext, Signal, Runtime } from '../core/runtime.ts'

interface Open {
  address: string
  incarnation: string
  runtime: Runtime
  session: Session
  leave: () => void
}

/** The sessions of the incarnations that run now: opened at launch or adoption, closed at the end. */
export class Sessions {
  readonly #open = new Map<string, Open>()
  readonly #onSignal: (address: string, incarnation: string, signal: Signal) => void

  readonly #onOpen: (address: string) => void

  constructor(onSignal: (address: string, incarnation: string, signal: Signal) => void, onOpen: (address: string) => void) {
    this.#onSignal = onSignal
    this.#onOpen = onOpen
  }

  open(runtime: Runtime, context: SessionContext): Session {
    this.close(context.incarnation)
    const { incarnation } = context
    const { address } = context.agent
    const session = runtime.open(context)
    const entry: Open = { address, incarnation, runtime, session, leave: () => {} }
    this.#open.set(incarnation, entry)
    entry.leave = session.subscribe((signal) => {
      if (this.#open.get(incarnation) !== entry) return
      this.#onSignal(address, incarnation, signal)
    })
    this.#onOpen(address)
    return session
  }

  get(incarnation: string | null): Open | undefined {
    return incarnation === null ? undefined : this.#open.get(incarnation)
  }

  /** Once it is open: a daemon that has just begun hears of its agents before it has taken them up. Null at the end of the time. */
  async opened(incarnation: string, ms: number, clock: Clock): Promise<Session | null> {
    const until = clock.elapsed() + ms
    for (;;) {
      const found = this.#open.get(incarnation)
      if (found !== undefined) return found.session
      if (clock.elapsed() >= until) return null
      await new Promise<void>((resolve) => void clock.after(50, resolve))
    }
  }

  close(incarnation: string): void {
    const entry = this.#open.get(incarnation)
    if (entry === undefined) return
    this.#open.delete(incarnation)
    entry.leave()
    entry.session.close()
  }

  closeAll(): void {
    for (const incarnation of [...this.#open.keys()]) this.close(incarnation)
  }
}
