import type { Approval } from '../core/approval.ts'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import { sha256 } from '../core/event.ts'
import { approvalStatement, changeStatement, proves, type Verifier } from '../core/proof.ts'
import { teamRule } from '../core/rule.ts'
import type { HitlSettings } from '../core/team.ts'
import type { Store, Tx } from '../store/store.ts'
import type { Caller } from './daemon.ts'

const verifierKey = 'confirm.verifier'
const failuresKey = 'confirm.failures'
/** After the third wrong passphrase in a row a pause, doubled by each that follows. ms */
const freeTries = 3
const firstPause = 2_000
const longestPause = 600_000

interface Failures {
  count: number
  /** ms since the epoch */
  until: number
}

export interface ConfirmationParts {
  store: Store
  clock: Clock
  mode(): HitlSettings['confirm']
}

/** Whether a yes is a person's, where the team's files ask for more than the operator socket. A no always is. */
export class Confirmation {
  readonly #parts: ConfirmationParts

  constructor(parts: ConfirmationParts) {
    this.#parts = parts
  }

  /** Throws `denied`, `throttled`, and `unauthorised` with what a proof is made of. */
  async check(approval: Approval, verdict: 'approve' | 'deny', caller: Caller & { kind: 'operator' }, proof: string | null): Promise<void> {
    const mode = this.#parts.mode()
    if (verdict === 'deny' || mode === null) return
    if (mode === 'chat') {
      if (caller.via === 'chat') return
      throw new TroupeError('denied', 'an approval of this team is given in its chat only', { hint: 'a no counts here too: troupe deny', facts: { rule: teamRule('hitl.confirm', 'a person in the team’s chat') } })
    }
    const verifier = await this.#verifier()
    if (verifier === null) throw new TroupeError('denied', 'approvals of this team are confirmed with a passphrase, and none is set', { hint: 'troupe passphrase sets it', facts: { rule: teamRule('hitl.confirm') } })
    await this.#prove(proof, verifier, approvalStatement(approval), { confirm: 'approval', id: approval.id, hash: approval.hash }, `approval ${approval.n}`)
  }

  /** The first, or another one with proof of the one before. Throws as `check`. */
  async set(next: Verifier, proof: string | null): Promise<void> {
    const before = this.#parts.mode() === 'passphrase' ? await this.#verifier() : null
    if (before !== null) await this.#prove(proof, before, changeStatement(next), { confirm: 'change' }, 'another passphrase')
    await this.#parts.store.write(async (tx) => {
      await tx.settings.put(verifierKey, next)
      await tx.journal({ type: 'confirm.passphrase-set', subject: 'user', agent: null, data: { fingerprint: sha256(JSON.stringify(next)), first: before === null } })
    })
  }

  /** What is in the database has to be what was put on record: nobody else puts another one there. */
  async #verifier(): Promise<Verifier | null> {
    const { found, told } = await this.#parts.store.read(async (db) => ({
      found: (await db.settings.get(verifierKey)) as Verifier | undefined,
      told: (await db.events.recent({ type: 'confirm.passphrase-set', limit: 1 })).at(-1),
    }))
    if (found === undefined) return null
    if (told === undefined || told.data['fingerprint'] === sha256(JSON.stringify(found))) return found
    throw new TroupeError('denied', 'the passphrase of this team was changed by something else than troupe', { hint: 'troupe audit verify; then take hitl.confirm out, troupe up, and set it anew' })
  }

  async #prove(proof: string | null, verifier: Verifier, statement: string, facts: Record<string, unknown>, what: string): Promise<void> {
    if (proof === null) {
      const { salt, cost } = verifier
      throw new TroupeError('unauthorised', 'this needs the passphrase of the team', { hint: 'at a terminal it is asked for; else --passphrase-fd N', facts: { ...facts, salt, cost } })
    }
    const now = this.#parts.clock.now()
    const wrong = await this.#parts.store.write(async (tx) => await this.#count(tx, proves(proof, verifier, statement), what, now))
    if (wrong === null) return
    if (wrong.tried) throw new TroupeError('denied', 'the passphrase is wrong', { hint: `${wrong.count} in a row; more make you wait` })
    throw new TroupeError('throttled', `${wrong.count} wrong passphrases in a row: the next one is looked at later`, { hint: 'wait, then try again', facts: { retryAfterMs: wrong.until - now } })
  }

  /** Null where it is right, and it is time for it. */
  async #count(tx: Tx, right: boolean, what: string, now: number): Promise<(Failures & { tried: boolean }) | null> {
    const before = ((await tx.settings.get(failuresKey)) as Failures | undefined) ?? { count: 0, until: 0 }
    // A clock that was set back makes nobody wait longer than the longest pause.
    if (now < before.until && before.until - now <= longestPause) return { ...before, tried: false }
    if (right) {
      if (before.count > 0) await tx.settings.put(failuresKey, { count: 0, until: 0 })
      return null
    }
    const count = before.count + 1
    const pause = count < freeTries ? 0 : Math.min(longestPause, firstPause * 2 ** (count - freeTries))
    await tx.settings.put(failuresKey, { count, until: now + pause })
    await tx.journal({ type: 'confirm.wrong-passphrase', subject: 'user', agent: null, data: { for: what, count, pauseMs: pause } })
    return { count, until: now + pause, tried: true }
  }
}
