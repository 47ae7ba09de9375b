import { readTeamFile, withWorker, workerEntry, type WorkerEntry } from '../../config/workers.ts'
import type { Clock } from '../../core/clock.ts'
import { systemFault } from '../../core/disk.ts'
import { dispatch, type Wait } from '../../core/dispatch.ts'
import { TroupeError } from '../../core/error.ts'
import { filesSignal, isAtWork, isHeldUp, type Task } from '../../core/task.ts'
import { findAgent, type Team } from '../../core/team.ts'
import type { Paths } from '../../config/paths.ts'
import type { Store } from '../../store/store.ts'
import { coalesce, Lane } from '../../util/in-turn.ts'
import type { Agents } from '../agents.ts'
import type { Changing } from '../changing.ts'
import type { Desired } from '../desired.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { Mailroom } from '../mailroom.ts'
import type { TeamFiles } from '../read-team.ts'
import type { Conversations } from './conversations.ts'
import { entryOf, fileOf, leadOfTask } from './hiring.ts'
import { forgetNamesake } from './namesake.ts'
import type { Tasks } from './tasks.ts'

export interface DispatcherParts {
  store: Store
  clock: Clock
  tasks: Tasks
  agents: Agents
  paths: Paths
  desired: Desired
  changing: Changing
  lifecycle: Lifecycle
  mailroom: Mailroom
  conversations: Conversations
  files(): TeamFiles
  /** Puts one of the team's files in the place of what it was. */
  write(file: string, before: string, after: string): void
  team(): Team
  report(what: string, error: unknown): void
}

/** What stood in the way of a begin may be gone then. ms */
const retryMs = 2_000

const noWaits = { drainMs: null, timeoutMs: 0 } as const

/**
 * Brings tasks to workers, in the order of their numbers. Each step of it may be done twice without harm: the choice is
 * durable first, the worker's entry is there or not, the message has a key. A daemon that dies leaves the rest to the next.
 */
export class Dispatcher {
  readonly #parts: DispatcherParts
  readonly #files = new Lane()
  readonly #begun = new Set<string>()
  readonly wake: () => void
  readonly #retries = new Map<string, () => void>()
  #leave: (() => void)[] = []
  #stopped = true

  constructor(parts: DispatcherParts) {
    this.#parts = parts
    this.wake = coalesce(async () => await this.#round(), (error) => this.#fault('looking after tasks', error, 'round'))
  }

  start(): void {
    const { tasks, agents, store } = this.#parts
    this.#stopped = false
    this.#leave = [
      tasks.subscribe(() => this.wake()),
      agents.subscribe((after, before) => {
        if (after.incarnation !== before.incarnation || after.phase.name !== before.phase.name) this.wake()
      }),
      store.subscribe((events) => {
        if (events.some(({ type }) => type === 'team.applied')) this.wake()
      }),
    ]
    this.wake()
  }

  /** Waits for what it writes into files. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const leave of this.#leave.splice(0)) leave()
    for (const cancel of this.#retries.values()) cancel()
    await this.#files.run(async () => undefined)
  }

  /** Changes of the team's own files follow each other: six at once are six. */
  async edit<T>(work: () => Promise<T>): Promise<T> {
    return await this.#files.run(work)
  }

  async #round(): Promise<void> {
    const { store, tasks, desired } = this.#parts
    if (this.#stopped || desired.applied === null) return
    const { open, byId } = await store.read(async (db) => {
      const found = await db.tasks.open()
      const named = await Promise.all([...new Set(found.flatMap(({ after }) => after))].map(async (id) => await db.tasks.get(id)))
      return { open: found, byId: new Map([...found, ...named].flatMap((task) => (task === undefined ? [] : [[task.id, task] as const]))) }
    })
    for (const { id, turn } of dispatch({ open, byId, maxWorkers: this.#parts.team().maxWorkers, free: (address) => this.#free(address) })) await tasks.change(id, turn)
    for (const task of open) if (task.state.name === 'assigned' || isHeldUp(task)) this.#begin(task)
  }

  /** A one-shot worker takes nothing up before its last run is over. */
  #free(address: string): true | Wait {
    const agent = findAgent(this.#parts.team(), address)
    if (agent === undefined) return { why: `held: ${address} is not in the team`, held: true }
    const { incarnation } = this.#parts.agents.get(address)
    return agent.mode !== 'oneshot' || incarnation === null ? true : { why: `the last run of ${address} to end`, held: false }
  }

  #begin(task: Task): void {
    const key = `${task.id} ${task.attempts}`
    if (this.#begun.has(key) || this.#retries.has(key) || task.message !== null) return
    this.#begun.add(key)
    this.#bring(task).catch((error: unknown) => {
      this.#begun.delete(key)
      this.#failed(task, error, key)
    })
  }

  async #bring(task: Task): Promise<void> {
    const { agents, team } = this.#parts
    const address = task.agent
    if (address === null) return
    await this.edit(async () => await this.#hire(task, address))
    if (isHeldUp(task)) await this.#parts.tasks.change(task.id, (now) => (now.attempts === task.attempts ? { type: 'begin' } : null))
    if (!(await this.#isStillMeant(task))) return await this.#stopIdle(address)
    const agent = findAgent(team(), address)
    if (agent === undefined) throw new TroupeError('unknown', `${address} is not in the team any more`)
    const { phase, since, wanted, incarnation } = agents.get(address)
    // A one-shot run that began after the choice is the run of this task, over or not.
    const ran = agent.mode === 'oneshot' && since >= task.changedAt && (incarnation !== null || (phase.name === 'stopped' && (phase.why === 'done' || phase.why === 'failed')))
    const rests = wanted === 'stopped' || ((phase.name === 'stopped' || phase.name === 'parked') && incarnation === null) || phase.name === 'quarantined' || phase.name === 'blocked'
    if (!ran && rests) {
      await this.#parts.lifecycle.start([address], 0, new AbortController().signal)
      if (!(await this.#isStillMeant(task))) return await this.#stopIdle(address)
    }
    if (agent.mode !== 'oneshot') await this.#send(task, address)
  }

  /** Its task was taken back while it was brought in: whoever took it back may have found nobody to stop yet. */
  async #stopIdle(address: string): Promise<void> {
    const { store, team, lifecycle } = this.#parts
    const hasOther = (await store.read((db) => db.tasks.open())).some(({ agent }) => agent === address)
    if (!hasOther && findAgent(team(), address) !== undefined) await lifecycle.stop([address], null)
  }

  /** Puts the worker into its project's file, and has that applied; whoever is there already gets what is new for it. */
  async #hire(task: Task, address: string): Promise<void> {
    const { changing, conversations, team, files: read } = this.#parts
    if (!(await this.#isStillMeant(task))) return
    const files = read()
    const file = fileOf(files, task.project)
    const id = address.slice(address.indexOf(':') + 1)
    if (task.wish.agent === null && workerEntry(readTeamFile(file), id) === undefined) await forgetNamesake(this.#parts, address, { team: files.team, resumes: task.wish.session !== null })
    // Read and written in one go: whoever edits the file loses nothing of it.
    const text = readTeamFile(file)
    const there = workerEntry(text, id) as WorkerEntry | undefined
    const wanted = wantedEntry(task, there, files.team)
    if (wanted !== null && JSON.stringify(wanted) !== JSON.stringify(there)) this.#parts.write(file, text, withWorker(text, id, wanted))
    const { session } = task.wish
    const hired = session === null ? undefined : findAgent(read().team, address)
    if (session !== null && hired !== undefined && findAgent(team(), address) === undefined) await conversations.bring(hired, session)
    if (wanted !== null || findAgent(team(), address) === undefined) await changing.reload([address], {}, noWaits, new AbortController().signal, session === null ? {} : { [address]: session })
  }

  async #isStillMeant({ id, attempts }: Task): Promise<boolean> {
    const now = await this.#parts.store.read((db) => db.tasks.get(id))
    return now !== undefined && isAtWork(now) && now.attempts === attempts
  }

  /** By the ordinary way of mail, with its proof. The key makes a repetition the same message. */
  async #send(task: Task, address: string): Promise<void> {
    const { mailroom, tasks } = this.#parts
    if (!(await this.#isStillMeant(task))) return
    const { message } = await mailroom.post({ from: task.by, to: address, text: task.text, threadId: null, priority: 'normal', key: `task ${task.id} ${task.attempts}`, taint: task.taint })
    const sent = await tasks.change(task.id, { type: 'sent', message: message.id })
    if (sent === null && !(await this.#isStillMeant(task))) await tasks.withdraw(message.id, address)
  }

  /** Wrong files, and files that cannot be written, are a person's to mend, and then it goes on; what cannot be at all is the end of this task alone. */
  #failed(task: Task, thrown: unknown, key: string): void {
    const error = systemFault(thrown) ?? thrown
    const lasting = error instanceof TroupeError && ['denied', 'unknown', 'usage', 'conflict', 'too_large', 'incompatible'].includes(error.code)
    const what = error instanceof Error ? (error.message.split('\n')[0] ?? error.message) : String(error)
    const stuck = error instanceof TroupeError && (error.code === 'config' || error !== thrown)
    const verdict = { what, confidence: 'high', source: stuck ? filesSignal : 'daemon', since: this.#parts.clock.now(), person: true } as const
    if (lasting || stuck) this.#parts.tasks.change(task.id, { type: 'verdict', verdict: { ...verdict, state: lasting ? 'failed' : 'waiting' } }).catch((cause: unknown) => this.#fault(`task ${task.n}`, cause, key))
    if (!lasting) this.#fault(`task ${task.n}`, stuck ? null : error, key)
  }

  #fault(what: string, error: unknown, key: string): void {
    if (this.#stopped) return
    if (error !== null) this.#parts.report(what, error)
    this.#retries.get(key)?.()
    this.#retries.set(key, this.#parts.clock.after(retryMs, () => {
      this.#retries.delete(key)
      this.wake()
    }))
  }
}

/** Null: nothing of its entry is for this task to say. A one-shot worker is told in its entry what to do. */
function wantedEntry(task: Task, there: WorkerEntry | undefined, team: Team): WorkerEntry | null {
  const lead = leadOfTask(team, task)
  if (there === undefined) return task.wish.agent === null ? entryOf(task, lead) : null
  // Also of the one that was made for it: it may have been given another task since.
  if (there['mode'] === 'oneshot') return { ...there, task: entryOf({ ...task, wish: { ...task.wish, mode: 'oneshot' } }, lead)['task'] ?? task.text }
  return task.wish.agent === null ? there : null
}
