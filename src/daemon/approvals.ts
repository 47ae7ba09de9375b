import { v7 as uuid } from 'uuid'
import { canonical, isGoodFor, turn, windowsFor, windowsName, type Approval, type Turn } from '../core/approval.ts'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { Agent, Team } from '../core/team.ts'
import type { Reader, Store, Tx } from '../store/store.ts'
import { randomBytes16 } from '../util/random.ts'
import { VerdictMail } from './verdict-mail.ts'

/** A request that a daemon did not see end is looked for at least this often, ms: the clock may have been set. */
const longestSleep = 60_000
/** After a failure of the store. ms */
const retryMs = 1_000

export interface Wanted {
  agent: Agent
  actions: readonly string[]
  scope: string | null
  summary: string
  /** What is decided on; a JSON value. */
  exact: unknown
  hash: string
  origin: Approval['origin']
  /** The caller does it at once: a yes is used up by its answer. Else by the call that is meant. */
  uses: boolean
  ttlMs: number
  /** Of the agent's conversation: what is asked under it is a person's to decide, whatever windows are open. */
  taint: string[]
}

/** The person who decides, and how the daemon knows of it. */
export interface Decider {
  name: string
  via: 'socket' | 'http' | 'chat' | 'terminal'
}

export interface ApprovalParts {
  store: Store
  clock: Clock
  team(): Team
  /** See `VerdictMail`. */
  answer(approval: Approval): Promise<boolean>
  mail(agent: string, text: string, key: string): Promise<void>
  report(what: string, error: unknown): void
}

/** Requests, those who wait for them, and their ends. What counts is in the store: callers and daemons come and go. */
export class Approvals {
  readonly #parts: ApprovalParts
  readonly #verdicts: VerdictMail
  readonly #waiters = new Map<string, Set<() => void>>()
  /** Callers that will tell how it ended, by request. */
  readonly #callers = new Map<string, number>()
  #stopTimer = (): void => undefined
  #stopped = false

  constructor(parts: ApprovalParts) {
    this.#parts = parts
    this.#verdicts = new VerdictMail({ ...parts, told: async (approval, used) => void (used && approval.status === 'approved' ? await this.#use(approval.id) : await this.#told(approval)) })
  }

  /**
   * Asks, or joins the open request for the same deed, and waits at most `waitMs` for its end. Resolves with
   * `used` where it was approved and this call has used it up (`approved` where it does not). `pending` means that the verdict will come as mail.
   * `opened` is told of the request that is waited for.
   */
  async ask(wanted: Wanted, waitMs: number, signal: AbortSignal, opened: (approval: Approval) => void = () => undefined): Promise<Approval> {
    const until = this.#parts.clock.elapsed() + waitMs
    for (;;) {
      const found = await this.#open(wanted)
      if (found.status !== 'pending') return found
      opened(found)
      const ended = await this.#end(found.id, wanted.uses, until, signal)
      if (ended.status !== 'approved' || !wanted.uses) return ended
      const used = await this.#use(ended.id)
      if (used !== null) return used
      // An equal call was first: this one needs a verdict of its own.
    }
  }

  /** Throws `unknown`, or `conflict` where it was decided already. */
  async decide(id: string, verdict: 'approve' | 'deny', by: Decider, note: string | null): Promise<Approval> {
    const decided = await this.#parts.store.write(async (tx) => {
      const before = await this.find(tx, id)
      const at = this.#parts.clock.now()
      const there = by.via === 'terminal'
      const after = await this.#turn(tx, before, { type: verdict, by: by.name, note, at }, { via: by.via, ...(there ? { told: true } : {}) })
      // What was answered at the agent's own terminal is done there: nothing is left to tell or to use.
      const used = there && typeof after !== 'string' && verdict === 'approve' ? await this.#turn(tx, after, { type: 'use', at }) : after
      if (typeof used !== 'string') return used
      throw new TroupeError('conflict', used, { hint: 'troupe approvals lists what waits', facts: { id: before.id, n: before.n, status: before.status } })
    })
    await this.#settle(decided)
    return decided
  }

  /** By number or UUID. Throws `unknown`. */
  async find(db: Reader, id: string): Promise<Approval> {
    const number = /^#?(\d{1,15})$/.exec(id)?.[1]
    const found = number === undefined ? await db.approvals.get(id) : await db.approvals.byN(Number(number))
    if (found !== undefined) return found
    throw new TroupeError('unknown', `there is no approval ${id}`, { hint: 'troupe approvals lists what waits, with --all also what was decided', facts: { id } })
  }

  /** Ends what is over, tells agents what they missed, and goes on doing so. */
  async start(): Promise<void> {
    this.#stopped = false
    this.#verdicts.start()
    await this.#sweep()
  }

  stop(): void {
    this.#stopped = true
    this.#stopTimer()
    this.#verdicts.stop()
    for (const id of [...this.#waiters.keys()]) this.#wake(id)
  }

  /** A verdict that is there already is used; a window decides at once; else the request is open from now on. */
  async #open(wanted: Wanted): Promise<Approval> {
    const { store, clock } = this.#parts
    const found = await store.write(async (tx) => {
      const at = clock.now()
      const before = await tx.approvals.open(wanted.hash)
      if (before !== undefined && before.expiresAt > at) {
        if (before.status === 'pending' || !wanted.uses) return before
        const used = isGoodFor(before, wanted) ? await this.#turn(tx, before, { type: 'use', at }, { told: true }) : null
        if (used !== null && typeof used !== 'string') return used
      }
      // Asked for again: nobody needs to be told that the first was in vain.
      if (before !== undefined) await this.#turn(tx, before, { type: 'void', at }, { told: true })
      return await this.#insert(tx, wanted, at)
    })
    this.#schedule()
    return found
  }

  async #insert(tx: Tx, wanted: Wanted, at: number): Promise<Approval> {
    const { agent, actions, scope, summary, exact, hash, origin, ttlMs, taint } = wanted
    const { autoApproveWindows } = this.#parts.team().hitl
    const windows = taint.length > 0 ? null : windowsFor(autoApproveWindows, { actions, project: agent.project, agent: agent.address, scope }, at)
    const open: Omit<Approval, 'n'> = {
      id: uuid({ random: randomBytes16() }),
      agent: agent.address,
      project: agent.project,
      action: actions.join(', '),
      scope,
      summary: summary.toWellFormed(),
      exact: canonical(exact),
      hash,
      origin,
      status: 'pending',
      requestedAt: at,
      expiresAt: at + ttlMs,
      decidedAt: null,
      decidedBy: null,
      note: null,
      usedAt: null,
      told: false,
      taint,
    }
    const allowed = windows === null ? null : windows.map((index) => `window ${index + 1}, until ${new Date(autoApproveWindows[index]!.until).toISOString()}`).join('; ')
    const by = allowed === null ? null : `${windowsName} (${allowed})`
    const draft = by === null ? open : { ...open, ...(wanted.uses ? { status: 'used' as const, usedAt: at } : { status: 'approved' as const }), decidedAt: at, decidedBy: by, told: true }
    const approval = await tx.approvals.insert(draft)
    await tx.journal({ type: 'approval.requested', subject: approval.id, agent: agent.address, data: { n: approval.n, action: approval.action, scope, hash, origin, expiresAt: approval.expiresAt, ...(taint.length > 0 ? { taint } : {}) } })
    if (by !== null) await tx.journal({ type: 'approval.approved', subject: approval.id, agent: agent.address, data: { n: approval.n, action: approval.action, by, used: wanted.uses } })
    return approval
  }

  /** Waits for the end of a request. As it stands where the time is over, the caller gone or the daemon on its way out. */
  async #end(id: string, uses: boolean, until: number, signal: AbortSignal): Promise<Approval> {
    this.#callers.set(id, (this.#callers.get(id) ?? 0) + 1)
    let ended: Approval
    try {
      ended = await this.#await(id, until, signal)
    } finally {
      const others = (this.#callers.get(id) ?? 1) - 1
      if (others === 0) this.#callers.delete(id)
      else this.#callers.set(id, others)
    }
    if (ended.status === 'pending') return ended
    if (!signal.aborted) {
      if (ended.status !== 'approved' || !uses) await this.#told(ended)
      return ended
    }
    // Nobody is left to hear it here.
    await this.#settle(ended)
    return { ...ended, status: 'pending' }
  }

  async #await(id: string, until: number, signal: AbortSignal): Promise<Approval> {
    const { store, clock } = this.#parts
    for (;;) {
      const woken = this.#wait(id, until - clock.elapsed(), signal)
      const now = await store.read(async (db) => await this.find(db, id))
      const over = until <= clock.elapsed() || signal.aborted || this.#stopped
      if (now.status !== 'pending' || over) {
        woken.cancel()
        return now
      }
      await woken.promise
    }
  }

  #wait(id: string, ms: number, signal: AbortSignal): { promise: Promise<void>; cancel(): void } {
    const woken = Promise.withResolvers<void>()
    const set = this.#waiters.get(id) ?? new Set()
    this.#waiters.set(id, set)
    const wake = (): void => {
      set.delete(wake)
      if (set.size === 0) this.#waiters.delete(id)
      stopTimer()
      signal.removeEventListener('abort', wake)
      woken.resolve()
    }
    set.add(wake)
    signal.addEventListener('abort', wake)
    const stopTimer = this.#parts.clock.after(Math.max(0, ms), wake)
    return { promise: woken.promise, cancel: wake }
  }

  #wake(id: string): void {
    for (const wake of this.#waiters.get(id) ?? []) wake()
  }

  async #use(id: string): Promise<Approval | null> {
    return await this.#parts.store.write(async (tx) => {
      const used = await this.#turn(tx, await this.find(tx, id), { type: 'use', at: this.#parts.clock.now() }, { told: true })
      return typeof used === 'string' ? null : used
    })
  }

  /** Those who wait are woken; an agent where nobody does gets mail. */
  async #settle(approval: Approval): Promise<void> {
    const waits = this.#callers.has(approval.id)
    this.#wake(approval.id)
    this.#schedule()
    if (!waits && !approval.told) await this.#verdicts.send(approval)
  }

  async #told({ id }: Approval): Promise<void> {
    await this.#parts.store.write(async (tx) => {
      const now = await this.find(tx, id)
      if (!now.told) await tx.approvals.update(now.status, { ...now, told: true })
    })
  }

  /** The new state with its line in the journal, or why there is none. */
  async #turn(tx: Tx, before: Approval, event: Turn, more: { told?: boolean; via?: Decider['via'] } = {}): Promise<Approval | string> {
    const next = turn(before, event)
    if (!next.ok) return next.why
    const { via, ...change } = more
    const after = { ...next.after, ...change }
    if (!(await tx.approvals.update(before.status, after))) return `approval ${before.n} has just changed`
    const { id, agent, n, action, decidedBy, status } = after
    await tx.journal({ type: `approval.${status}`, subject: id, agent, data: { n, action, by: event.type === 'expire' || event.type === 'void' ? null : decidedBy, was: before.status, ...(via === undefined ? {} : { via }) } })
    return after
  }

  #schedule(): void {
    this.#stopTimer()
    if (this.#stopped) return
    const wake = (): void => void this.#sweep()
    const arm = async (): Promise<void> => {
      const next = await this.#parts.store.read((db) => db.approvals.nextDue())
      if (next === null || this.#stopped) return
      this.#stopTimer()
      this.#stopTimer = this.#parts.clock.after(Math.min(longestSleep, Math.max(0, next - this.#parts.clock.now())), wake)
    }
    arm().catch((error: unknown) => this.#failed(error))
  }

  /** Silence means no. */
  async #sweep(): Promise<void> {
    const { store, clock } = this.#parts
    try {
      const expired = await store.write(async (tx) => {
        const at = clock.now()
        const all = await tx.approvals.due(at)
        const done: Approval[] = []
        for (const each of all) {
          const after = await this.#turn(tx, each, { type: 'expire', at }, { told: each.status === 'approved' })
          if (typeof after !== 'string') done.push(after)
        }
        return done
      })
      for (const each of expired) this.#wake(each.id)
      for (const each of await store.read((db) => db.approvals.untold())) {
        if (!this.#callers.has(each.id)) await this.#verdicts.send(each)
      }
      this.#schedule()
    } catch (error) {
      this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    if (this.#stopped) return
    this.#parts.report('looking after approvals', error)
    this.#stopTimer()
    this.#stopTimer = this.#parts.clock.after(retryMs, () => void this.#sweep())
  }
}
