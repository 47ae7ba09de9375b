import { Cron } from 'croner'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { isBridgeOver, isHomeOver, isOver, rangesOf, removedType, threadsOf, type Candidate, type Home, type Retention } from '../core/retention.ts'
import { agentsOf, type Team } from '../core/team.ts'
import type { Paths } from '../config/paths.ts'
import type { Store } from '../store/store.ts'
import { removeCopies } from './attachment-copies.ts'
import type { Attachments } from './attachments.ts'

/** Four times a day; cron's words, in UTC. */
const schedule = '17 */6 * * *'
/** A run that is overdue waits so long after the daemon's start. ms */
const settled = 60_000
/** Messages of one transaction: few enough that a send that comes meanwhile hardly waits. */
const batch = 20
/** Messages looked at in one read. */
const pageSize = 1_000
/** A file that no message names may belong to one whose commit is not known yet. ms */
const grace = 3_600_000
const lastKey = 'gc'
/** All that there is. */
const mostBridges = 1_000_000

export interface Swept {
  messages: number
  approvals: number
  bridges: number
  files: number
  /** Of the files. */
  bytes: number
  worktrees: number
  homes: number
}

interface Removed {
  count: number
  /** Those that had files. */
  carrying: string[]
}

export interface JanitorParts {
  store: Store
  clock: Clock
  paths: Paths
  attachments: Attachments
  /** Removes worktrees that nobody needs and nothing would be lost with; how many. */
  worktrees(project: string | null, dryRun: boolean): Promise<number>
  /** What agent CLIs keep outside of the root for its agents. */
  homes(): Promise<Home[]>
  /** It is in the team, or has still to end. */
  isKnown(address: string): boolean
  team(): Team
  report(what: string, error: unknown): void
}

/** Takes away what is over: on its own schedule, and when asked. One run at a time. */
export class Janitor {
  readonly #parts: JanitorParts
  #running: Promise<unknown> = Promise.resolve()
  #stopTimer: () => void = () => undefined
  #stopped = false

  constructor(parts: JanitorParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    const last = await this.#parts.store.read((db) => db.settings.get(lastKey))
    // The clock may have been set back since.
    this.#arm(typeof last === 'number' ? Math.min(last, this.#parts.clock.now()) : 0)
  }

  /** A run that is under way ends with its transaction. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#stopTimer()
    await this.#running
  }

  /** `project` null: all. A dry run counts what a run would remove now, and removes nothing. */
  async sweep({ project, dryRun }: { project: string | null; dryRun: boolean }): Promise<Swept> {
    return await this.alone(async () => await this.#sweep(project, dryRun))
  }

  /** No run meanwhile. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#running.then(work)
    this.#running = run.catch(() => undefined) // told to whom it failed
    return await run
  }

  async #sweep(project: string | null, dryRun: boolean): Promise<Swept> {
    const { store, clock, team } = this.#parts
    const now = clock.now()
    const before = now - team().budget.messageTtlMs
    const { bridges, newest } = await store.read(async (db) => ({ bridges: await db.bridges.list(mostBridges), newest: await db.retention.newest() }))
    const over = bridges.filter((bridge) => isBridgeOver(bridge, now) && (project === null || [bridge.a, bridge.b].some((end) => end.startsWith(`${project}:`))))
    const messages = await this.#messages({ before, project, keptThreads: threadsOf(bridges, now), newest }, dryRun)
    const approvals = await this.#approvals(before, project, dryRun)
    const files = await this.#files(messages.carrying, now, dryRun)
    if (!dryRun) await store.write(async (tx) => tx.retention.removeBridges(over.map(({ id }) => id)))
    const worktrees = await this.#parts.worktrees(project, dryRun)
    const homes = await this.#homes({ before, project }, dryRun)
    const swept = { messages: messages.count, approvals, bridges: over.length, ...files, worktrees, homes }
    if (!dryRun) await this.#note(now, { before, project, ...swept })
    return swept
  }

  /** Page by page, since reading is cheap beside the transactions of others; in each the oldest first. */
  async #messages(retention: Retention, dryRun: boolean): Promise<Removed> {
    const { store } = this.#parts
    const done: Removed = { count: 0, carrying: [] }
    let after = 0
    for (;;) {
      const page = await store.read((db) => db.retention.page(after, pageSize))
      const over = page.filter((message) => isOver(message, retention))
      done.carrying.push(...over.filter(({ attached }) => attached > 0).map(({ id }) => id))
      done.count += dryRun ? over.length : await this.#remove(over)
      after = page.at(-1)?.n ?? after
      // Numbers follow time but for a clock that was set: a page without an old one is the end.
      if (page.length < pageSize || page.every(({ sentAt }) => sentAt >= retention.before) || this.#stopped) return done
    }
  }

  async #remove(over: readonly Candidate[]): Promise<number> {
    let removed = 0
    for (let at = 0; at < over.length && !this.#stopped; at += batch) {
      const some = over.slice(at, at + batch)
      removed += await this.#parts.store.write(async (tx) => {
        // The journal still names them: it says itself that they are rightly gone.
        await tx.journal({ type: removedType, subject: 'gc', agent: null, data: { numbers: rangesOf(some.map(({ n }) => n)) } })
        return await tx.retention.removeMessages(some.map(({ id }) => id))
      })
    }
    return removed
  }

  async #approvals(before: number, project: string | null, dryRun: boolean): Promise<number> {
    const { store } = this.#parts
    const all = await store.read((db) => db.retention.approvals({ before, project, limit: mostBridges }))
    for (let at = 0; at < all.length && !dryRun; at += batch) await store.write(async (tx) => tx.retention.removeApprovals(all.slice(at, at + batch)))
    return all.length
  }

  async #homes(of: Pick<Retention, 'before' | 'project'>, dryRun: boolean): Promise<number> {
    let count = 0
    for (const home of await this.#parts.homes()) {
      if (!isHomeOver(home, of, (address) => this.#parts.isKnown(address))) continue
      if (!dryRun) await home.remove()
      count += 1
    }
    return count
  }

  /** Files that no message names, or none but those that go; and copies that agents had long enough. */
  async #files(carrying: readonly string[], now: number, dryRun: boolean): Promise<{ files: number; bytes: number }> {
    const { attachments, paths, team } = this.#parts
    const going = new Set(carrying)
    const swept = { files: 0, bytes: 0 }
    for (const some of chunks(oldFiles(paths.attachments, now), batch)) {
      const names = some.map(({ name }) => name)
      const gone = new Set(dryRun ? await this.#unnamed(names, going) : await attachments.removeUnnamed(names))
      for (const { bytes } of some.filter(({ name }) => gone.has(name))) {
        swept.files += 1
        swept.bytes += bytes
      }
    }
    if (!dryRun) for (const agent of agentsOf(team())) removeCopies(paths.agentFolder(agent.project, agent.id), now - team().attachments.tempfileTtlMs)
    return swept
  }

  /** As it will be once the messages that go are gone. */
  async #unnamed(names: readonly string[], going: ReadonlySet<string>): Promise<string[]> {
    const rows = await this.#parts.store.read((db) => db.retention.naming(names))
    const named = new Set(rows.filter(({ messageId }) => !going.has(messageId)).map(({ sha256 }) => sha256))
    return names.filter((name) => !named.has(name))
  }

  async #note(now: number, data: Record<string, unknown>): Promise<void> {
    await this.#parts.store.write(async (tx) => {
      await tx.settings.put(lastKey, now)
      await tx.journal({ type: 'gc.done', subject: 'gc', agent: null, data })
    })
  }

  #arm(last: number): void {
    const { clock, report } = this.#parts
    const due = new Cron(schedule, { paused: true, timezone: 'UTC' }).nextRun(new Date(last))?.getTime() ?? clock.now()
    if (this.#stopped) return
    this.#stopTimer = clock.after(Math.max(settled, due - clock.now()), () => {
      this.sweep({ project: null, dryRun: false })
        .catch((error: unknown) => report('gc', error))
        .finally(() => this.#arm(clock.now()))
    })
  }
}

/** Not those that came just now. What is left of a copy that was cut short counts too. None where somebody took the folder away. */
function oldFiles(folder: string, now: number): { name: string; bytes: number }[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap((name) => {
    const found = statSync(join(folder, name), { throwIfNoEntry: false })
    return found === undefined || found.mtimeMs > now - grace ? [] : [{ name, bytes: found.size }]
  })
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size))
}
