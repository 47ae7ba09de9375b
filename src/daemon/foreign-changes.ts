import { watch, type FSWatcher } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { sha256 } from '../core/event.ts'
import type { Host, Runtime } from '../core/runtime.ts'
import type { Agent } from '../core/team.ts'
import type { Store } from '../store/store.ts'
import { beginningOf } from '../util/open-regular.ts'
import type { Agents } from './agents.ts'

/** A file is written in several steps. ms */
const settleMs = 300
/** Such a file has a few kilobytes. */
const mostRead = 4 * 1024 * 1024
const mostRecalled = 1_000

/** A file that decides what agents may do. */
export interface GuardedFile {
  /** Absolute. */
  file: string
  /** The agent while whose start troupe writes it itself; null: it never does. */
  ownedBy: string | null
  /** Addresses of those that it decides about; null: of all. */
  concerns: string[] | null
}

/** One of them that something else than troupe has changed, with who was at work then. */
export interface ForeignChange {
  file: string
  at: number
  atWork: string[]
}

/** As it is to be. */
type Known = Omit<GuardedFile, 'file'> & { digest: string }

export interface ForeignChangesParts {
  store: Store
  clock: Clock
  agents: Agents
  files(): Promise<GuardedFile[]>
  report(what: string, error: unknown): void
}

/**
 * Puts on record when a file that decides what agents may do was changed by anything but troupe, and who was at work then. It
 * cannot tell a person's editor from an agent's shell: both run as the same user. Folders are watched, nothing is polled.
 */
export class ForeignChanges {
  readonly #parts: ForeignChangesParts
  readonly #known = new Map<string, Known>()
  /** Since the team was applied. */
  readonly #changed = new Map<string, ForeignChange>()
  #recalled = false
  readonly #watchers = new Map<string, FSWatcher>()
  #cancel = (): void => undefined
  #looking: Promise<void> = Promise.resolve()
  #renewing: 'no' | 'now' | 'again' = 'no'
  #stopped = false

  constructor(parts: ForeignChangesParts) {
    this.#parts = parts
  }

  /** Of those files that decide about this agent, what was changed since the team was applied, oldest first. */
  of(address: string): ForeignChange[] {
    return [...this.#changed.values()].filter(({ file }) => this.#known.get(file)?.concerns?.includes(address) ?? true).toSorted((a, b) => a.at - b.at)
  }

  /** The team was applied: as the files are now, they count. */
  async applied(): Promise<void> {
    this.#lookNow(() => this.#changed.clear())
    await this.#looking
    await this.renew()
  }

  /** Whenever the team was applied, or an agent started: what stands there then is what counts. Many starts at once are one more look, or two. */
  async renew(): Promise<void> {
    if (this.#renewing !== 'no') {
      this.#renewing = 'again'
      return
    }
    try {
      do {
        this.#renewing = 'now'
        await this.start()
      } while (this.#again())
    } finally {
      this.#renewing = 'no'
    }
  }

  #again(): boolean {
    return this.#renewing === 'again'
  }

  /** Idempotent. */
  async start(): Promise<void> {
    this.#stopped = false
    await this.#recall()
    for (const { file, ownedBy, concerns } of await this.#parts.files()) {
      const known = this.#known.get(file)
      const read = known === undefined || this.#writes(known.ownedBy) ? await digestOf(file) : known.digest
      const latest = this.#known.get(file)
      // Where troupe wrote it during the look, what it wrote counts.
      this.#known.set(file, { digest: latest === known || latest === undefined ? read : latest.digest, ownedBy, concerns })
      this.#watch(dirname(file))
    }
  }

  /** What an earlier daemon noticed. */
  async #recall(): Promise<void> {
    if (this.#recalled) return
    this.#recalled = true
    const events = await this.#parts.store.read(async (db) => {
      const [applied] = await db.events.recent({ type: 'team.applied', limit: 1 })
      return await db.events.recent({ type: 'file.changed', since: applied?.at ?? 0, limit: mostRecalled })
    })
    for (const { subject: file, at, data: { atWork } } of events) this.#changed.set(file, { file, at, atWork: Array.isArray(atWork) ? atWork.map(String) : [] })
  }

  /** Troupe itself has just written it, in this very turn of the event loop. What somebody else had made of it before that is still told. */
  wrote(file: string, before: string, after: string): void {
    const known = this.#known.get(file) ?? { digest: sha256(before), ownedBy: null, concerns: null }
    if (known.digest === sha256(before)) this.#known.set(file, { ...known, digest: sha256(after) })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
    await this.#looking
  }

  /** A folder that is not there holds nothing that could be changed unseen: it is looked at again at the next start. */
  #watch(folder: string): void {
    if (this.#watchers.has(folder)) return
    try {
      const watcher = watch(folder, (_event, name) => {
        if (name === null || [...this.#known.keys()].some((file) => dirname(file) === folder && basename(file) === name)) this.#soon()
      })
      watcher.unref()
      watcher.on('error', () => void this.#watchers.delete(folder))
      this.#watchers.set(folder, watcher)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#parts.report(`watching ${folder}`, error)
    }
  }

  #soon(): void {
    this.#cancel()
    if (this.#stopped) return
    this.#cancel = this.#parts.clock.after(settleMs, () => this.#lookNow(() => undefined))
  }

  #lookNow(then: () => void): void {
    this.#looking = this.#looking.then(() => this.#look()).then(then).catch((error: unknown) => this.#parts.report('looking at what was changed', error))
  }

  async #look(): Promise<void> {
    for (const file of [...this.#known.keys()]) {
      const { known, now } = await this.#compare(file)
      const { digest, ownedBy } = known
      if (now === digest) continue
      this.#known.set(file, { ...known, digest: now })
      if (this.#writes(ownedBy)) continue
      const atWork = this.#parts.agents.all().filter(({ phase }) => phase.name === 'busy').map(({ address }) => address)
      await this.#parts.store.write(async (tx) => await tx.journal({ type: 'file.changed', subject: file, agent: null, data: { file, was: digest, now, by: null, atWork } }))
      this.#changed.set(file, { file, at: this.#parts.clock.now(), atWork })
    }
  }

  /** What is known of the file beside what it is now; looked at again where troupe wrote it during the look. */
  async #compare(file: string): Promise<{ known: Known; now: string }> {
    for (;;) {
      const known = this.#known.get(file)!
      const now = await digestOf(file)
      if (this.#known.get(file) === known) return { known, now }
    }
  }

  /** Troupe writes it itself just now. */
  #writes(ownedBy: string | null): boolean {
    return ownedBy !== null && ['starting', 'stopped', 'backoff'].includes(this.#parts.agents.get(ownedBy).phase.name)
  }
}

/** `gone` where there is no such file: or none that can be read, a pipe in its place, say, which is a change too. */
async function digestOf(file: string): Promise<string> {
  const found = await beginningOf(file, mostRead).catch(() => null)
  if (found === null) return 'gone'
  const digest = sha256(found.content.toString('utf8'))
  return found.bytes <= mostRead ? digest : `${digest} ${found.bytes}`
}

/** The team's files, and those that its runtimes name: once each, a person's before an agent's own. */
export async function guardedFiles(of: {
  sources: string[]
  agents: readonly Agent[]
  host: Host
  runtimeOf(agent: Agent): Promise<Runtime>
  folderOf(agent: Agent): string
}): Promise<GuardedFile[]> {
  const found = new Map<string, GuardedFile>(of.sources.map((file) => [file, { file, ownedBy: null, concerns: null }]))
  const add = (file: string, ownedBy: string | null, address: string): void => {
    const there = found.get(file)
    found.set(file, { file, ownedBy, concerns: there?.concerns === null ? null : [...(there?.concerns ?? []), address] })
  }
  for (const agent of of.agents) {
    const named = (await of.runtimeOf(agent)).guarded?.(of.host, of.folderOf(agent))
    for (const file of named?.users ?? []) add(file, null, agent.address)
    for (const file of named?.own ?? []) add(file, agent.address, agent.address)
  }
  return [...found.values()]
}
