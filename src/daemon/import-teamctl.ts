import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { canonical, deedHash } from '../core/approval.ts'
import { checkBridge } from '../core/bridge.ts'
import type { Clock } from '../core/clock.ts'
import { systemFault } from '../core/disk.ts'
import { TroupeError } from '../core/error.ts'
import { sha256 } from '../core/event.ts'
import { findAgent, type Team } from '../core/team.ts'
import { oldId, takeMessage, timeOf, type OldApproval, type OldBridge, type OldMailbox, type Taken } from '../core/teamctl.ts'
import type { Paths } from '../config/paths.ts'
import type { Store } from '../store/store.ts'
import { readTeamctl } from '../store/teamctl.ts'
import { NotOpened, openRegular } from '../util/open-regular.ts'
import type { Bridges } from './bridges.ts'

/** Messages of one transaction. */
const batch = 100
/** Shorter is not worth opening a bridge for. ms */
const leastBridge = 60_000

export interface ImportParts {
  store: Store
  clock: Clock
  paths: Paths
  bridges: Bridges
  team(): Team
}

export interface Imported {
  /** Acknowledged, and not. */
  history: number
  unacked: number
  approvals: number
  bridges: number
  /** Brought by an earlier run. */
  known: number
  /** What could not be taken, by why. */
  skipped: Record<string, number>
}

/** Brings a mailbox of teamctl's in. Its file is copied first and never opened itself; a second run brings nothing twice. */
export async function importTeamctl(parts: ImportParts, path: string, dryRun: boolean): Promise<Imported> {
  const old = await readCopy(parts.paths, path)
  const done: Imported = { history: 0, unacked: 0, approvals: 0, bridges: 0, known: 0, skipped: {} }
  const bridges = new Map<number, number>()
  for (const bridge of old.bridges) await bring(parts, bridge, dryRun, bridges, done)
  const taken = old.messages.map((row) => takeMessage(row, parts.team(), bridges, parts.clock.now()))
  for (let at = 0; at < taken.length; at += batch) await store(parts, taken.slice(at, at + batch), dryRun, done)
  for (const approval of old.approvals) await expire(parts, approval, dryRun, done)
  if (!dryRun) await parts.store.write(async (tx) => tx.journal({ type: 'import.teamctl', subject: 'import', agent: null, data: { ...done } }))
  return done
}

/** A pipe in its place must not hold the daemon, nor a large mailbox its loop. */
async function readCopy(paths: Paths, path: string): Promise<OldMailbox> {
  mkdirSync(paths.run, { recursive: true, mode: 0o700 })
  const folder = mkdtempSync(join(paths.run, 'import-'))
  try {
    const copy = join(folder, 'mailbox.db')
    if (!(await copied(path, copy))) throw new TroupeError('usage', `there is no ${path}`, { hint: 'troupe import teamctl FILE' })
    await copied(`${path}-wal`, `${copy}-wal`)
    return readTeamctl(copy, path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Whether there was one. Throws `usage` for what is no file to be read. */
async function copied(from: string, to: string): Promise<boolean> {
  try {
    const { file } = await openRegular(from)
    await pipeline(file.createReadStream(), createWriteStream(to, { mode: 0o600 }))
    return true
  } catch (cause) {
    if (!(cause instanceof NotOpened)) throw systemFault(cause) ?? cause
    if (cause.why === 'missing') return false
    throw new TroupeError('usage', `${from} cannot be read: it is ${cause.why === 'forbidden' ? 'not for you' : 'no regular file'}`, { hint: 'name a state/mailbox.db of teamctl', cause })
  }
}

async function store({ store: database, clock }: ImportParts, some: readonly Taken[], dryRun: boolean, done: Imported): Promise<void> {
  const counted = await database.write(async (tx) => {
    const counts = { history: 0, unacked: 0, known: 0, skipped: [] as string[] }
    for (const each of some) {
      if ('skipped' in each) counts.skipped.push(each.skipped)
      // Also one that gc took since is not brought again: the journal knows it.
      else if ((await tx.events.about(each.draft.id)).length > 0) counts.known += 1
      else {
        counts[each.acked ? 'history' : 'unacked'] += 1
        if (dryRun) continue
        const { draft, recipients, acked } = each
        const message = await tx.messages.insert(draft, recipients)
        for (const to of acked ? recipients : []) await tx.deliveries.update(message.id, to, ['queued'], { state: 'acked', ackedAt: clock.now(), reason: 'acknowledged under teamctl' })
        const data = { n: message.n, from: message.from, to: message.to, recipients: acked ? [] : recipients, bytes: Buffer.byteLength(message.text), sha256: sha256(message.text), imported: 'teamctl' }
        await tx.journal({ type: 'message.sent', subject: message.id, agent: null, data })
      }
    }
    return counts
  })
  done.history += counted.history
  done.unacked += counted.unacked
  done.known += counted.known
  for (const why of counted.skipped) skip(done, `message: ${why}`)
}

/** With the time that it has left. One that joins the same two already is taken for it. */
async function bring({ bridges, clock, team }: ImportParts, old: OldBridge, dryRun: boolean, numbers: Map<number, number>, done: Imported): Promise<void> {
  const [from, to] = [findAgent(team(), old.from), findAgent(team(), old.to)]
  const left = Math.round(old.expiresAt * 1_000) - clock.now()
  if (from === undefined || to === undefined) return skip(done, 'bridge: an agent that the team does not have')
  if (!(left >= leastBridge)) return skip(done, 'bridge: its time is over')
  try {
    if (dryRun) checkBridge(from, to, false, bridges.now())
    else numbers.set(old.id, (await bridges.open(from, to, { topic: old.topic.slice(0, 200), oneWay: false, ttlMs: left, by: 'teamctl' })).n)
    done.bridges += 1
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    if (error.code === 'conflict' && typeof error.facts['n'] === 'number') {
      numbers.set(old.id, error.facts['n'])
      done.known += 1
    } else skip(done, `bridge: ${error.message}`)
  }
}

/** Nobody waits for its verdict any more, and nobody could act on it: it is kept as what was not decided. */
async function expire({ store: database, clock, team }: ImportParts, old: OldApproval, dryRun: boolean, done: Imported): Promise<void> {
  const agent = findAgent(team(), old.agent)
  if (agent === undefined) return skip(done, 'approval: an agent that the team does not have')
  const id = oldId('approval', old.id, old.requestedAt, old.agent, old.action, old.summary)
  const deed = { agent: agent.address, tool: 'request_approval', input: { action: old.action, summary: old.summary, teamctl: old.id }, cwd: agent.cwd }
  const now = clock.now()
  const isNew = await database.write(async (tx) => {
    if ((await tx.events.about(id)).length > 0) return false
    if (dryRun) return true
    const { n } = await tx.approvals.insert({
      ...{ id, agent: agent.address, project: agent.project, action: old.action.slice(0, 200), scope: null, summary: old.summary, exact: canonical(deed), hash: deedHash(deed), origin: 'asked', status: 'expired' },
      ...{ requestedAt: timeOf(old.requestedAt, now), expiresAt: timeOf(old.expiresAt, now), decidedAt: null, decidedBy: null, note: 'asked under teamctl; ask again', usedAt: null, told: true, taint: [] },
    })
    await tx.journal({ type: 'approval.expired', subject: id, agent: agent.address, data: { n, action: old.action, was: 'pending', imported: 'teamctl' } })
    return true
  })
  done[isNew ? 'approvals' : 'known'] += 1
}

function skip(done: Imported, why: string): void {
  done.skipped[why] = (done.skipped[why] ?? 0) + 1
}
