import { lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import { systemFault } from '../../core/disk.ts'
import { TroupeError } from '../../core/error.ts'
import { didYouMean } from '../../core/nearest.ts'
import { agentsOf, findAgent, type Agent, type Team } from '../../core/team.ts'
import { nothingStands, reasonsToStay, type KeptWorktree, type Reason, type Removal, type Standing, type Worktree } from '../../core/worktree.ts'
import type { Store } from '../../store/store.ts'
import { Lane } from '../../util/in-turn.ts'
import { isInside } from '../../util/open-regular.ts'
import type { Agents } from '../agents.ts'
import { add, dropHalfMade } from './adding.ts'
import { entriesOf, gitWith, type Git } from './git.ts'
import { mendRemoval, remove } from './removing.ts'
import { realPlace, standingOf, strangeness } from './standing.ts'

export interface WorktreesParts {
  store: Store
  clock: Clock
  agents: Agents
  teamNow(): Team
  values(): Record<string, string>
  report(what: string, error: unknown): void
}

export interface Shown {
  worktree: KeptWorktree
  standing: Standing
  /** Why it stays; empty where nothing would be lost. */
  reasons: Reason[]
  /** Of an agent that the team has. */
  declared: boolean
}

/** Makes, keeps and removes the agents’ worktrees. Each step is written down first, and one is taken after the other. */
export class Worktrees {
  readonly #parts: WorktreesParts
  readonly #git: Git
  readonly #lane = new Lane()

  constructor(parts: WorktreesParts) {
    this.#parts = parts
    this.#git = gitWith(parts.values)
  }

  /** Puts right what a crash left behind. One that cannot be is told of, and looked at again when it is needed. */
  async start(): Promise<void> {
    const all = await this.#parts.store.read((db) => db.worktrees.all())
    for (const { path, state } of all.filter((each) => each.state !== 'made')) {
      await this.#lane.run(async () => await this.#mended(path)).catch((error: unknown) => this.#parts.report(`mending the worktree ${path} (${state})`, error))
    }
  }

  /** The agent's worktree is there, with the folder that it works in. True where it was made now. */
  async ready({ worktree, address }: Agent): Promise<boolean> {
    if (worktree === null) return false
    return await this.#lane.run(async () => {
      const kept = await this.#mended(worktree.path)
      const made = kept === null || !this.#exists(kept)
      if (made) await this.#make(worktree, address, kept)
      else await this.#checkOwn(kept)
      try {
        enterFolder(worktree)
      } catch (error) {
        if (made) await this.#takeBack(worktree)
        throw error
      }
      return made
    })
  }

  /** What came of a launch that failed is taken away again, where nothing would be lost by it. */
  async undo({ worktree }: Agent): Promise<void> {
    if (worktree !== null) await this.#lane.run(async () => await this.#takeBack(worktree))
  }

  async #takeBack({ path }: Worktree): Promise<void> {
    const kept = await this.#mended(path)
    if (kept === null) return
    const how = { force: false, dropIgnored: false }
    if (reasonsToStay(await standingOf(this.#git, kept), how).length === 0) await this.#remove(kept, how)
  }

  async list(removal: Removal = { force: false, dropIgnored: false }): Promise<Shown[]> {
    return await this.#lane.run(async () => {
      const shown: Shown[] = []
      for (const row of await this.#parts.store.read((db) => db.worktrees.all())) {
        const one = await this.#mended(row.path)
          .then(async (worktree) => (worktree === null ? null : await this.#look(worktree, removal)))
          .catch((error: unknown) => this.#unclear(row, error))
        if (one !== null) shown.push(one)
      }
      return shown
    })
  }

  /** Throws `denied` with every reason where it must stay. Returns the copy that was made of it, if one was. */
  async remove(name: string, removal: Removal): Promise<{ worktree: KeptWorktree; backup: string | null }> {
    return await this.#lane.run(async () => {
      const worktree = await this.#mended((await this.#named(name)).path)
      if (worktree === null) throw new TroupeError('unknown', `the worktree of ${name} is gone already`)
      const { reasons } = await this.#look(worktree, removal)
      if (reasons.length > 0) throw refusal(worktree, reasons)
      return { worktree, backup: await this.#remove(worktree, removal) }
    })
  }

  /** Those of agents that the team has no more, where nothing would be lost. */
  async prune(removal: Omit<Removal, 'force'>, dryRun: boolean, project: string | null = null): Promise<{ removed: KeptWorktree[]; kept: Shown[] }> {
    const removed: KeptWorktree[] = []
    const kept: Shown[] = []
    const how = { ...removal, force: false }
    for (const shown of await this.list(how)) {
      if (project !== null && !shown.worktree.agent.startsWith(`${project}:`)) continue
      if (shown.declared || shown.reasons.length > 0) kept.push(shown)
      else if (dryRun) removed.push(shown.worktree)
      else await this.#tryRemove(shown.worktree, how).then((gone) => void (gone ? removed.push(shown.worktree) : 0), (error: unknown) => void kept.push(this.#unclear(shown.worktree, error)))
    }
    return { removed, kept }
  }

  /** What gc takes away. */
  async sweep(project: string | null, dryRun: boolean): Promise<number> {
    return (await this.prune({ dropIgnored: false }, dryRun, project)).removed.length
  }

  async #tryRemove({ path }: KeptWorktree, removal: Removal): Promise<boolean> {
    return await this.#lane.run(async () => {
      const worktree = await this.#mended(path)
      if (worktree === null || (await this.#look(worktree, removal)).reasons.length > 0) return false
      await this.#remove(worktree, removal)
      return true
    })
  }

  /** One that cannot be looked at stays, and hinders no other. */
  #unclear(worktree: KeptWorktree, thrown: unknown): Shown {
    const error = systemFault(thrown) ?? thrown
    if (!(error instanceof TroupeError)) throw error
    const standing = { ...nothingStands, strange: error.message }
    return { worktree, standing, reasons: reasonsToStay(standing, { force: false, dropIgnored: false }), declared: this.#isDeclared(worktree) }
  }

  #isDeclared({ agent }: KeptWorktree): boolean {
    return findAgent(this.#parts.teamNow(), agent) !== undefined
  }

  async #look(worktree: KeptWorktree, removal: Removal): Promise<Shown> {
    const standing = { ...(await standingOf(this.#git, worktree)), leases: this.#leases(worktree) }
    return { worktree, standing, reasons: reasonsToStay(standing, removal), declared: this.#isDeclared(worktree) }
  }

  /** Whoever runs in it, its own agent or another one. */
  #leases({ path, agent }: KeptWorktree): string[] {
    const { agents, teamNow } = this.#parts
    const inside = agentsOf(teamNow()).filter(({ cwd, address }) => address === agent || isInside(path, cwd)).map(({ address }) => address)
    return [...new Set([...inside, agent])].filter((address) => agents.get(address).incarnation !== null)
  }

  async #named(name: string): Promise<KeptWorktree> {
    const all = await this.#parts.store.read((db) => db.worktrees.all())
    const found = all.filter(({ agent, branch, path }) => [agent, agent.slice(agent.indexOf(':') + 1), branch, path].includes(name))
    if (found.length === 1 && found[0] !== undefined) return found[0]
    const names = (found.length > 1 ? found : all).map(({ agent }) => agent)
    throw new TroupeError('unknown', found.length > 1 ? `"${name}" names ${found.length} worktrees` : `there is no worktree of "${name}"`, {
      hint: found.length > 1 ? `write ${names.join(' or ')}` : didYouMean(name, names, 'worktrees'),
      facts: { name },
    })
  }

  /** Its row, after what a crash left was put right; null where there is none (any more). */
  async #mended(path: string): Promise<KeptWorktree | null> {
    const { store } = this.#parts
    const kept = await store.read((db) => db.worktrees.get(path))
    if (kept === undefined || kept.state === 'made') return kept ?? null
    if (kept.state === 'making') {
      await dropHalfMade(this.#git, kept)
      await store.write(async (tx) => tx.worktrees.remove(path))
      return null
    }
    if ((await mendRemoval(this.#git, kept)) === 'gone') {
      await this.#removed(kept, null)
      return null
    }
    const back = { ...kept, state: 'made' as const }
    await store.write(async (tx) => tx.worktrees.put(back))
    return back
  }

  #exists({ path }: KeptWorktree): boolean {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  }

  async #make(worktree: Worktree, agent: string, earlier: KeptWorktree | null): Promise<void> {
    const { store, clock } = this.#parts
    const kept = await add(this.#git, worktree, earlier, async (how) => {
      const row: KeptWorktree = { path: worktree.path, agent, repository: worktree.repository, ...how, state: 'making', madeAt: clock.now() }
      // One that was there before is never taken for half made: its branch may hold work.
      if (earlier === null) await store.write(async (tx) => tx.worktrees.put(row))
      return row
    })
    await store.write(async (tx) => {
      await tx.worktrees.put({ ...kept, state: 'made' })
      const { path, repository, branch, base } = kept
      await tx.journal({ type: 'worktree.made', subject: agent, agent, data: { path, repository, branch, base } })
    })
  }

  async #checkOwn({ path, repository, agent }: KeptWorktree): Promise<void> {
    const known = (await entriesOf(this.#git, repository)).some((each) => each.path === realPlace(path))
    const strange = await strangeness(path, repository, known)
    if (strange === null) return
    throw new TroupeError('denied', `${agent} cannot work in its worktree: ${strange}`, { hint: `look what is there and move it away, then troupe restart ${agent}`, facts: { path } })
  }

  async #remove(kept: KeptWorktree, removal: Removal): Promise<string | null> {
    const { store } = this.#parts
    await store.write(async (tx) => tx.worktrees.put({ ...kept, state: 'removing' }))
    try {
      const backup = await remove(this.#git, kept, removal, this.#parts.values())
      await this.#removed(kept, backup)
      return backup
    } catch (error) {
      // As far as it came: put back, or gone on with.
      await this.#mended(kept.path).catch((again: unknown) => this.#parts.report(`mending the worktree ${kept.path}`, again))
      throw error
    }
  }

  async #removed({ path, agent, repository, branch, base }: KeptWorktree, backup: string | null): Promise<void> {
    await this.#parts.store.write(async (tx) => {
      await tx.worktrees.remove(path)
      await tx.journal({ type: 'worktree.removed', subject: agent, agent, data: { path, repository, branch, base, backup } })
    })
  }
}

function refusal({ agent, path }: KeptWorktree, reasons: Reason[]): TroupeError {
  return new TroupeError('denied', `the worktree of ${agent} stays: ${reasons.map(({ what }) => what).join('; ')}`, {
    hint: `${reasons.map(({ fix }) => fix).join('; ')} (in ${path})`,
    facts: { agent, path, reasons },
  })
}

/** A folder that only the person has, and not the repository, is made; a link in the repository leads nowhere outside. */
function enterFolder({ path, folder }: Worktree): void {
  const inside = deepestThere(folder)
  if (!isInside(realpathSync(path), realpathSync(inside))) {
    throw new TroupeError('denied', `${folder} leads out of the worktree ${path}`, { hint: 'name another cwd: a link on the way to this one leads elsewhere', facts: { folder } })
  }
  mkdirSync(folder, { recursive: true })
}

function deepestThere(folder: string): string {
  return lstatSync(folder, { throwIfNoEntry: false }) === undefined ? deepestThere(dirname(folder)) : folder
}
