import type { Clock } from '../../core/clock.ts'
import { isFreed, judgeWork, silenceMs, type WorkFacts } from '../../core/done.ts'
import { TroupeError } from '../../core/error.ts'
import type { AgentState } from '../../core/phase.ts'
import { isAtWork, isHeldUp, isOpenTask, type Task } from '../../core/task.ts'
import { findAgent, type Team } from '../../core/team.ts'
import type { Store } from '../../store/store.ts'
import type { Agents } from '../agents.ts'
import type { Mailroom, Posted } from '../mailroom.ts'
import type { Tasks } from './tasks.ts'

export interface FollowingParts {
  store: Store
  clock: Clock
  tasks: Tasks
  agents: Agents
  mailroom: Mailroom
  team(): Team
  /** Mail of troupe's own; the key makes a repetition the same message. */
  tell(to: string, text: string, key: string): Promise<void>
  report(what: string, error: unknown): void
}

/** After a failure of the store. ms */
const retryMs = 1_000

/** Ends of the time before a daemon's start that leads are told of again; what they heard is not told twice. ms */
const toldAgainMs = 600_000

/** Last words that are kept, characters. */
const mostWords = 64 * 1024

/** Sees how far each worker is with its task: asked again whenever something about the worker, or the message to it, changes. */
export class Following {
  readonly #parts: FollowingParts
  readonly #looking = new Map<string, Promise<void>>()
  readonly #again = new Set<string>()
  readonly #timers = new Map<string, () => void>()
  /** Of each worker's newest turn. */
  readonly #words = new Map<string, { text: string; at: number }>()
  /** Of each one-shot run that ended by itself, until that was judged: somebody may start the agent before. */
  readonly #ends = new Map<string, AgentState>()
  #leave: (() => void)[] = []
  #stopped = true

  constructor(parts: FollowingParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    const { agents, store, tasks } = this.#parts
    this.#stopped = false
    this.#leave = [
      agents.subscribe((state) => this.#changed(state)),
      store.subscribe((events) => {
        for (const { type, agent } of events) if (type.startsWith('delivery.') && agent !== null) this.look(agent)
        if (events.some(({ type }) => type === 'team.applied')) this.#lookAtAll()
      }),
      tasks.subscribe((task) => {
        // What was said before is of something else.
        if (task.agent !== null && task.state.name === 'assigned' && task.message === null) this.#words.delete(task.agent)
        if (task.agent !== null && isAtWork(task)) this.look(task.agent)
        if (!isOpenTask(task)) this.#tellLead(task)
      }),
    ]
    // Also a run that ended while nobody followed it, whoever starts its agent again meanwhile.
    for (const address of await this.#atWork()) this.#changed(agents.get(address))
    // The one before may have died between an end and the word of it.
    const since = this.#parts.clock.now() - toldAgainMs
    for (const task of await store.read((db) => db.tasks.list({ limit: 200 }))) if (task.endedAt !== null && task.endedAt >= since) this.#tellLead(task)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const leave of this.#leave.splice(0)) leave()
    for (const cancel of this.#timers.values()) cancel()
    await Promise.allSettled(this.#looking.values())
  }

  /** The last words of a turn; they come before the news of its end. */
  said(address: string, text: string, at: number): void {
    for (const known of this.#words.keys()) if (findAgent(this.#parts.team(), known) === undefined) this.#words.delete(known)
    this.#words.set(address, { text: text.slice(0, mostWords), at })
    this.look(address)
  }

  #changed(state: AgentState): void {
    const { address, phase } = state
    const byItself = phase.name === 'stopped' && phase.why !== 'asked'
    if (byItself && findAgent(this.#parts.team(), address)?.mode === 'oneshot') this.#ends.set(address, state)
    this.look(address)
  }

  /** Resolves once what is known of this agent by now has been judged. */
  async settled(address: string): Promise<void> {
    for (let work = this.#looking.get(address); work !== undefined; work = this.#looking.get(address)) await work
  }

  look(address: string): void {
    if (this.#stopped) return
    if (this.#looking.has(address)) return void this.#again.add(address)
    const work = this.#look(address)
      .catch((error: unknown) => {
        this.#parts.report(`looking at the task of ${address}`, error)
        this.#later(address, retryMs)
      })
      .finally(() => {
        this.#looking.delete(address)
        if (this.#again.delete(address)) this.look(address)
      })
    this.#looking.set(address, work)
  }

  async #atWork(): Promise<string[]> {
    return (await this.#parts.store.read((db) => db.tasks.open())).flatMap(({ agent }) => agent ?? [])
  }

  /** Who left the team while it had a task tells nothing more of itself. */
  #lookAtAll(): void {
    this.#atWork().then(
      (addresses) => addresses.forEach((address) => this.look(address)),
      (error: unknown) => {
        if (this.#stopped) return
        this.#parts.report('looking at the tasks of a changed team', error)
        this.#after('team', retryMs, () => this.#lookAtAll())
      },
    )
  }

  async #look(address: string): Promise<void> {
    const end = this.#ends.get(address)
    await this.#judge(address, end ?? null)
    if (end === undefined || this.#ends.get(address) !== end) return
    this.#ends.delete(address)
    if (this.#parts.agents.get(address) !== end) this.look(address)
  }

  /** `end`: how its last run ended, whatever became of it since. */
  async #judge(address: string, end: AgentState | null): Promise<void> {
    const { store, tasks, clock } = this.#parts
    const { task, facts } = await store.read(async (db) => {
      const [inHand] = await db.tasks.inHand([address])
      const delivery = inHand?.message == null ? undefined : await db.deliveries.get(inHand.message, address)
      return { task: inHand, facts: this.#facts(address, end, delivery ?? null) }
    })
    if (task === undefined || task.state.name === 'queued' || task.state.name === 'cancelled') return
    if (facts === null) return await this.#gone(task, address)
    // Once it is over, only a worker that goes on says something new.
    if (!isAtWork(task) && (facts.agent.phase.name !== 'busy' || (await this.#hasOther(task, address)))) return await this.#lateWords(task, address)
    if (this.#wasCutOff(facts)) return await this.#goOn(task, address, facts.delivery?.incarnation ?? null)
    const now = clock.now()
    const verdict = judgeWork(task, facts, now)
    const words = verdict.state === 'done' || verdict.state === 'failed' ? this.#wordsOn(task, address) : null
    const isSame = (current: Task): boolean => current.attempts === task.attempts && current.message === task.message
    // First: whoever waits for the end wants to know what came of it.
    if (words !== null) await tasks.change(task.id, (current) => (isSame(current) ? { type: 'words', text: words } : null))
    await tasks.change(task.id, (current) => (isSame(current) ? { type: 'verdict', verdict } : null))
    if (verdict.state !== 'working' || facts.agent.phase.name !== 'idle') return
    if (isFreed(facts.agent)) await this.#wakeUp(task, facts, now)
    this.#later(address, silenceMs)
  }

  /** It has its worker no more, and nobody would ever tell of its end. One that is still to be made is not meant. */
  async #gone(task: Task, address: string): Promise<void> {
    if (!isAtWork(task) || isHeldUp(task) || (task.state.name === 'assigned' && task.message === null) || this.#parts.agents.get(address).incarnation !== null) return
    const verdict = { state: 'failed', what: 'its worker is not in the team any more', confidence: 'high', source: 'daemon', since: this.#parts.clock.now(), person: false } as const
    await this.#parts.tasks.change(task.id, (current) => (current.attempts === task.attempts ? { type: 'verdict', verdict } : null))
  }

  /** Whoever a person lets go on was told nothing; others may have been told too late. The turn that was cut off would be nobody's. */
  async #wakeUp(task: Task, { agent, delivery }: WorkFacts, now: number): Promise<void> {
    const askedFor = agent.evidence.findLast(({ at }) => at === agent.since)?.source === 'operator'
    if (task.agent === null || delivery === null || (!askedFor && now - agent.since < silenceMs)) return
    const text = `Your turn with task #${task.n} was cut off. Go on where it was; if nothing was left to do, say so.`
    await this.#parts.mailroom.post({ from: 'troupe', to: task.agent, text, threadId: null, priority: 'normal', key: `task ${task.id} freed ${agent.incarnation} ${agent.since}` })
  }

  #facts(address: string, end: AgentState | null, delivery: WorkFacts['delivery']): WorkFacts | null {
    const agent = findAgent(this.#parts.team(), address)
    return agent === undefined ? null : { mode: agent.mode, agent: end ?? this.#parts.agents.get(address), delivery, said: null }
  }

  /** A message that came after the task is what the worker is busy with. */
  async #hasOther(task: Task, address: string): Promise<boolean> {
    return await this.#parts.store.read(async (db) => {
      const newest = (await db.messages.list({ agent: address, limit: 20 })).find(({ deliveries }) => deliveries.some(({ recipient, state }) => recipient === address && state !== 'queued'))
      const own = task.message === null ? undefined : await db.messages.get(task.message)
      return newest !== undefined && newest.message.n > (own?.n ?? 0)
    })
  }

  #wordsOn({ startedAt, result }: Task, address: string): string | null {
    const words = this.#words.get(address)
    return result !== null || words === undefined || words.at < (startedAt ?? 0) ? null : words.text
  }

  async #lateWords(task: Task, address: string): Promise<void> {
    const words = task.endedAt !== null && this.#parts.clock.now() - task.endedAt < silenceMs ? this.#wordsOn(task, address) : null
    if (words !== null) await this.#parts.tasks.change(task.id, { type: 'words', text: words })
  }

  /** It said that it was done with the message, and its run ended before its turn did: nothing would bring it back to that. */
  #wasCutOff({ mode, agent, delivery }: WorkFacts): boolean {
    return mode !== 'oneshot' && agent.phase.name === 'idle' && delivery?.state === 'acked' && delivery.incarnation !== null && delivery.incarnation !== agent.incarnation
  }

  /** A run with another conversation knows nothing of the task: it is told its words, in the name of who made it. */
  async #goOn(task: Task, address: string, cut: string | null): Promise<void> {
    const { mailroom, tasks, agents, store } = this.#parts
    const { incarnation, session } = agents.get(address)
    const before = cut === null ? undefined : await store.read((db) => db.incarnations.get(cut))
    const text = `Your last run ended in the middle of task #${task.n}. Go on where it was cut off; if nothing was left to do, say so.`
    const letter = { to: address, threadId: null, priority: 'normal', key: `task ${task.id} on ${incarnation}` } as const
    const plain = async (): Promise<Posted> => await mailroom.post({ ...letter, from: 'troupe', text })
    const whole = async (): Promise<Posted> => await mailroom.post({ ...letter, from: task.by, text: `${text}\n\n${task.text}`, taint: task.taint })
    const isOther = before !== undefined && before.session !== null && before.session !== session
    const { message } = await (isOther ? whole() : plain()).catch(async (error: unknown) => {
      // Too long now, or no word of a lead's that may go there any more.
      if (!isOther || !(error instanceof TroupeError) || error.code === 'unavailable') throw error
      return await plain()
    })
    await tasks.change(task.id, { type: 'sent', message: message.id })
  }

  /** Who made it hears of its end, and asks for what came of it: a worker's words are not passed on in troupe's own name. */
  #tellLead(task: Task): void {
    const { id, n, by, source, agent, state, attempts } = task
    const lead = source === 'lead' ? findAgent(this.#parts.team(), by) : undefined
    if (lead === undefined || state.name === 'cancelled') return
    const how = state.name === 'done' ? 'is done' : 'has failed'
    const text = `Task #${n} of your worker ${agent} ${how}. The tool task_result tells what came of it.`
    this.#parts.tell(lead.address, text, `task ${id} ${attempts} ${state.name}`).catch((error: unknown) => {
      this.#parts.report(`telling ${by} of task ${n}`, error)
      // It waits for that word, and nobody else gives it.
      if (!this.#stopped) this.#after(`telling of ${id}`, retryMs, () => this.#tellLead(task))
    })
  }

  #later(address: string, ms: number): void {
    this.#after(address, ms, () => this.look(address))
  }

  /** In the place of what was put off under the same name. */
  #after(name: string, ms: number, work: () => void): void {
    this.#timers.get(name)?.()
    this.#timers.set(name, this.#parts.clock.after(ms, () => {
      this.#timers.delete(name)
      work()
    }))
  }
}
