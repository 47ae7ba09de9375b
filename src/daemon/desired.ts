import { TroupeError } from '../core/error.ts'
import { defaultBreakers } from '../core/breakers.ts'
import { defaultAttachments, defaultLimits, defaultLoopGuard, defaultMetering, defaultWorkers, noAgentBudget, noBudget, noHitl } from '../core/limits.ts'
import type { Agent, Project, Team } from '../core/team.ts'
import type { Store, Tx } from '../store/store.ts'
import type { Outside } from './fingerprints.ts'

const teamKey = 'team'
const appliedKey = 'applied'

/** What stands beside the team since it was applied. Gone with `down`: then nothing is applied. */
export interface Applied extends Outside {
  /** ms */
  at: number
  /** Agents that left the team while they had a process. */
  leaving: Agent[]
}

/** The team as it was last applied. The files may be wrong meanwhile: what runs is looked after all the same. */
export class Desired {
  readonly #store: Store
  readonly #root: string
  readonly #read: () => Promise<Team>
  #team: Team | null = null
  #applied: Applied | null = null
  #cameFrom: string | null = null

  /** `read` loads the team of `root` from its files and throws `config` with all their errors. */
  constructor(store: Store, root: string, read: () => Promise<Team>) {
    this.#store = store
    this.#root = root
    this.#read = read
  }

  /** The applied team; before the first `up`, and where another root was copied or moved here, the files' if they are right. */
  async load(): Promise<void> {
    const [kept, applied] = await this.#store.read(async (db) => [(await db.settings.get(teamKey)) as Team | undefined, await db.settings.get(appliedKey)])
    if (kept !== undefined && kept.root !== this.#root) this.#cameFrom = kept.root
    else if (kept !== undefined) {
      this.#team = completed(kept)
      // Nor did it keep what stands beside: what cannot be compared counts as the same.
      this.#applied = applied === undefined ? { at: 0, files: {}, values: {}, leaving: [] } : (applied as Applied | null)
      return
    }
    try {
      this.#team = await this.#read()
    } catch (error) {
      // Not a fault of the daemon's: `up` and every question about agents say it again, with the places.
      if (!(error instanceof TroupeError) || error.code !== 'config') throw error
    }
  }

  get team(): Team {
    if (this.#team !== null) return this.#team
    throw new TroupeError('config', 'the team’s files have errors and no team was brought up before', { hint: 'troupe validate shows them' })
  }

  /**
   * The root that this store was copied or moved from, null where it was not: what was applied there runs there, with
   * its folders. Here nothing is applied until the next `up`.
   */
  get cameFrom(): string | null {
    return this.#cameFrom
  }

  get known(): boolean {
    return this.#team !== null
  }

  /** Null while nothing is applied. */
  get applied(): Applied | null {
    return this.#applied
  }

  /** Agents that left the team; some of them may still have a process. */
  get leaving(): Agent[] {
    return this.#applied?.leaving ?? []
  }

  /** Part of a transaction; `took` follows at its commit. */
  async put(tx: Tx, team: Team, applied: Applied): Promise<void> {
    await tx.settings.put(teamKey, team)
    await tx.settings.put(appliedKey, applied)
  }

  took(team: Team, applied: Applied): void {
    this.#team = team
    this.#applied = applied
  }

  /** The team stays known, for its mail; nothing of it is to run. */
  async release(tx: Tx): Promise<void> {
    await tx.settings.put(appliedKey, null)
  }

  released(): void {
    this.#applied = null
  }
}

const laterKeys = { mode: 'terminal', task: null, fallback: [], metering: null, canSpawn: false, spawned: false, worktree: null } as const

function withLaterKeys(project: Project): Project {
  return { ...project, agents: project.agents.map((agent) => ({ ...laterKeys, ...agent, fallback: agent.fallback ?? [], budget: { ...noAgentBudget, ...agent.budget } })) }
}

/** An older release knew fewer settings. */
function completed(team: Team): Team {
  return {
    ...team,
    limits: { ...defaultLimits, ...team.limits },
    maxWorkers: team.maxWorkers ?? defaultWorkers.atOnce,
    workerMode: team.workerMode ?? 'terminal',
    maxSpawns: team.maxSpawns ?? defaultWorkers.ofOneLead,
    loopGuard: { ...defaultLoopGuard, ...team.loopGuard },
    hitl: { ...noHitl, ...team.hitl },
    attachments: { ...defaultAttachments, ...team.attachments },
    breakers: { ...defaultBreakers, ...team.breakers },
    budget: { ...noBudget, ...team.budget },
    rateLimits: { ...team.rateLimits, allowPrivate: team.rateLimits.allowPrivate ?? [], failOverAfterMs: team.rateLimits.failOverAfterMs ?? 300_000 },
    metering: { ...defaultMetering, ...team.metering },
    places: { ...team.places },
    gateways: (team.gateways as Team['gateways'] | undefined) ?? [],
    projects: team.projects.map(withLaterKeys),
  }
}
