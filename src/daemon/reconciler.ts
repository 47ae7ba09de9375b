import type { Stop } from '../core/budget.ts'
import type { Clock } from '../core/clock.ts'
import { enter, nextDue, plan, type Action, type Known } from '../core/plan.ts'
import type { Supervisor } from '../core/supervisor.ts'
import { agentsOf, findAgent, type Agent, type Team } from '../core/team.ts'
import type { Store } from '../store/store.ts'
import type { Agents } from './agents.ts'
import { Backoffs } from './backoffs.ts'
import type { Drain } from './drain.ts'
import type { Move } from '../core/fail-over.ts'
import type { Ending } from './ending.ts'
import type { FailingOver } from './failing-over.ts'
import type { Holding } from './holding.ts'
import type { Launching } from './launching.ts'
import type { Sessions } from './sessions.ts'
import type { Spend } from './spend.ts'

const goOn = 'The limit that stopped your last turn should be over. Go on where it was cut off; if nothing was left to do, do nothing.'

/** Looks again although nothing told it to: the safety net under the events. ms */
const safetyTick = 5_000
/** Between two looks that nothing but the clock asked for. ms */
const leastPause = 50
/** How long a daemon that begins may take to look before it is answered without. ms */
const longestLook = 3_000
/** What failed is tried again after this, as long as its cause may take to go away. ms */
const failedPause = 1_000

export interface ReconcilerParts {
  store: Store
  clock: Clock
  agents: Agents
  sessions: Sessions
  supervisor: Supervisor
  launching: Launching
  ending: Ending
  drain: Drain
  spend: Spend
  holding: Holding
  failingOver: FailingOver
  team(): Team
  /** Writes to an agent in troupe's own name; the same key twice is one message. */
  tell(address: string, text: string, key: string): Promise<void>
  /** A fault that no caller waits for. */
  report(what: string, error: unknown): void
}

/** What a round does: what the processes need, and who is to run as another program. */
type Step = Action | { do: 'move'; address: string; move: Move }

/** One loop for all agents: observe → plan → apply → journal. Woken by events, with a slow safety tick. */
export class Reconciler {
  readonly #parts: ReconcilerParts
  /** Agents and incarnations that an action is working on: nothing else is planned for them meanwhile. */
  readonly #busy = new Map<string, Promise<void>>()
  readonly #backoffs: Backoffs
  #running = false
  #again = false
  readonly #looked = Promise.withResolvers<void>()
  #stopped = true
  /** Cut short when the loop ends. */
  readonly #pauses = new Set<() => void>()
  #cancelTick = () => {}
  #leave = () => {}

  constructor(parts: ReconcilerParts) {
    this.#parts = parts
    this.#backoffs = new Backoffs(parts.clock)
  }

  /**
   * Resolves once what ended while no daemon was there is written down: until then an agent may be shown at work whose
   * process went with the machine. Not for long: who cannot be looked at is shown as it was known.
   */
  async looked(): Promise<void> {
    const enough = this.#parts.clock.after(longestLook, this.#looked.resolve)
    await this.#looked.promise
    enough()
  }

  start(): void {
    if (!this.#stopped) return
    this.#stopped = false
    this.#parts.drain.open()
    const leave = [this.#parts.supervisor.subscribe(() => this.wake()), this.#parts.spend.subscribe(() => this.wake())]
    this.#leave = () => leave.forEach((each) => each())
    this.wake()
  }

  /** Waits for the actions under way, but for no agent's turn: an end that was begun is the next daemon's. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#looked.resolve()
    this.#leave()
    this.#cancelTick()
    for (const end of this.#pauses) end()
    this.#parts.drain.close()
    await Promise.allSettled(this.#busy.values())
  }

  wake(): void {
    if (this.#stopped) return
    if (this.#running) this.#again = true
    else void this.#run()
  }

  /** From now on this incarnation is ended the hard way; a polite stop under way is overtaken. */
  async endHard(address: string, incarnation: string): Promise<void> {
    await this.#parts.ending.hard(incarnation, this.#busy.has(address))
    this.wake()
  }

  async #run(): Promise<void> {
    this.#running = true
    do {
      this.#again = false
      try {
        await this.#round()
      } catch (error) {
        this.#parts.report('a reconciler round', error)
        await this.#pause()
      }
    } while (this.#again && !this.#stopped)
    this.#running = false
    if (!this.#stopped) this.#schedule()
  }

  #schedule(): void {
    const { clock, agents } = this.#parts
    this.#cancelTick()
    // Whom an action works on is looked at again at its end: until then its time, which has come, would have us look without a pause.
    const waiting = agents.all().filter(({ address }) => !this.#busy.has(address))
    const due = nextDue(waiting.map((state) => ({ state, backoffLeft: this.#backoffs.left(state) })), clock.now())
    const wait = due === null ? safetyTick : Math.min(safetyTick, Math.max(leastPause, due))
    this.#cancelTick = clock.after(wait, () => this.wake())
  }

  /**
   * A supervisor that cannot tell throws here, and nothing is planned: not knowing is neither life nor death. Nor is
   * anything planned for whom an action works on while we look: what was seen may be older than what is known. The
   * end of that action brings another round.
   */
  async #round(): Promise<void> {
    const { supervisor, clock } = this.#parts
    const changing = new Set(this.#busy.keys())
    const observed = await supervisor.list()
    for (const { incarnation, state } of observed) if (!state.alive) this.#parts.drain.cut(incarnation)
    const known = await this.#known()
    const actions = plan(agentsOf(this.#parts.team()), known, observed, clock.now())
    const planned = new Set(actions.map(({ address }) => address))
    const moves = this.#parts.failingOver.due().filter(({ address }) => !planned.has(address))
    const steps: Step[] = [...actions, ...moves.map((due) => ({ do: 'move' as const, ...due }))]
    for (const step of steps) if (!changing.has(step.address) && !changing.has(keyOf(step))) this.#begin(step)
    const ends = steps.filter((step) => step.do === 'record-end' || step.do === 'forget-launch').map((step) => this.#busy.get(keyOf(step)))
    void Promise.all(ends).then(() => this.#looked.resolve())
  }

  async #known(): Promise<Known[]> {
    const live = new Map((await this.#parts.store.read((db) => db.incarnations.live())).map((row) => [row.id, row]))
    return this.#parts.agents.all().map((state) => ({
      state,
      backoffLeft: this.#backoffs.left(state),
      launched: state.incarnation !== null && live.get(state.incarnation)?.pane != null,
      watched: this.#parts.sessions.get(state.incarnation) !== undefined,
      stop: this.#stopOf(state.address),
    }))
  }

  #stopOf(address: string): Stop | null {
    const verdict = this.#parts.spend.verdict(address)
    return verdict.state === 'stop' ? verdict : null
  }

  #begin(action: Step): void {
    const key = keyOf(action)
    if (this.#busy.has(key)) return
    const work = this.#apply(action)
      .catch((error: unknown) => {
        this.#parts.report(`${action.do} of ${action.address}`, error)
        return this.#pause()
      })
      .finally(() => {
        this.#busy.delete(key)
        this.wake()
      })
    this.#busy.set(key, work)
  }

  /** The next round would plan the same at once, and spin for as long as a database is away. */
  async #pause(): Promise<void> {
    if (this.#stopped) return
    await new Promise<void>((resolve) => {
      const end = (): void => {
        cancel()
        this.#pauses.delete(end)
        resolve()
      }
      const cancel = this.#parts.clock.after(failedPause, end)
      this.#pauses.add(end)
    })
  }

  async #apply(action: Step): Promise<void> {
    const agent = findAgent(this.#parts.team(), action.address)
    switch (action.do) {
      case 'launch':
        return agent === undefined ? undefined : await this.#launch(agent)
      case 'adopt':
        return agent === undefined ? undefined : await this.#parts.launching.adopt(agent, action.incarnation, action)
      case 'move':
        return await this.#parts.failingOver.move(action.address, action.move)
      case 'hold':
        return await this.#parts.holding.stop(action.address, action.stop)
      case 'release':
        return await this.#parts.holding.release(action.address)
      case 'unpark':
        return await this.#unpark(action.address, action.incarnation)
      case 'record-end':
        await this.#parts.supervisor.sweep(action.incarnation)
        return await this.#parts.ending.recordEnd(action.address, action.incarnation, action)
      case 'forget-launch':
        return await this.#parts.ending.forgetLaunch(action.address, action.incarnation)
      case 'stop':
        return await this.#parts.ending.stop(action)
      case 'end-orphan':
        return await this.#parts.ending.orphan(action.address, action.incarnation)
      case 'clear':
        return await this.#parts.supervisor.clear(action.incarnation)
      case 'forget-agent':
        return await this.#parts.agents.remove(action.address, () => findAgent(this.#parts.team(), action.address) === undefined)
    }
  }

  /** An agent that ended while it was parked resumes its conversation, with the turn that was cut off. */
  async #launch(agent: Agent): Promise<void> {
    const { agents, tell, launching } = this.#parts
    const { phase, session } = agents.get(agent.address)
    if (phase.name === 'parked' && phase.cut === true && session !== null) await tell(agent.address, goOn, `unparked ${session} ${phase.until}`)
    await this.#parts.failingOver.tell(agent)
    await launching.launch(agent)
  }

  /** Told first, then freed: killed in between, the same is told under the same key. */
  async #unpark(address: string, incarnation: string): Promise<void> {
    const { agents, clock, tell } = this.#parts
    const { phase } = agents.get(address)
    if (phase.name !== 'parked') return
    if (phase.cut === true) await tell(address, goOn, `unparked ${incarnation} ${phase.until}`)
    const evidence = { at: clock.now(), what: 'the time it was parked until has come', source: 'clock' }
    await agents.update(address, (state) => (state.phase.name === 'parked' ? enter(state, { name: 'idle' }, evidence) : state))
  }
}

/** Whom an action works on: an orphan stands for itself, everything else for its agent. */
function keyOf(action: Step): string {
  return action.do === 'end-orphan' ? action.incarnation : action.address
}
