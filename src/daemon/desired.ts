import { TroupeError } from '../core/error.ts'
import { sha256 } from '../core/event.ts'
import { defaultLimits, defaultLoopGuard, noHitl } from '../core/limits.ts'
import type { Agent, Team } from '../core/team.ts'
import type { Store } from '../store/store.ts'

const key = 'team'

/** The team as it was last applied. The files may be wrong meanwhile: what runs is looked after all the same. */
export class Desired {
  readonly #store: Store
  readonly #read: () => Promise<Team>
  #team: Team | null = null

  /** `read` loads the team from its files and throws `config` with all their errors. */
  constructor(store: Store, read: () => Promise<Team>) {
    this.#store = store
    this.#read = read
  }

  /** The applied team; before the first `up`, the files' if they are right. */
  async load(): Promise<void> {
    const applied = await this.#store.read((db) => db.settings.get(key))
    if (applied !== undefined) {
      const team = applied as Team
      const loopGuard = { ...defaultLoopGuard, ...team.loopGuard }
      this.#team = { ...team, limits: { ...defaultLimits, ...team.limits }, loopGuard, hitl: { ...noHitl, ...team.hitl } } // an older release knew fewer
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

  get known(): boolean {
    return this.#team !== null
  }

  /** Reads the files and makes them what is wanted, durably. Throws `config` with nothing changed. */
  async apply(change: (team: Team) => Promise<Team>): Promise<Team> {
    const team = await change(await this.#read())
    await this.#store.write(async (tx) => {
      await tx.settings.put(key, team)
      await tx.journal({ type: 'team.applied', subject: 'team', agent: null, data: { digest: sha256(JSON.stringify(team)) } })
    })
    this.#team = team
    return team
  }
}

/** Changes when a running agent would have to be restarted to follow its files. */
export function fingerprint(agent: Agent, team: Team): string {
  const { canDm: _dm, canBroadcast: _broadcast, reportsTo: _reports, restart: _restart, onRateLimit: _limit, ...launched } = agent
  return sha256(JSON.stringify([launched, team.rehearsal]))
}
