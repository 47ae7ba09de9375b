import { readTeamFile, withoutWorkers } from '../../config/workers.ts'
import type { Task } from '../../core/task.ts'
import { agentsOf, type Agent, type Team } from '../../core/team.ts'
import type { Store } from '../../store/store.ts'
import type { Changing } from '../changing.ts'
import type { Desired } from '../desired.ts'
import type { TeamFiles } from '../read-team.ts'
import type { Settling } from '../settling.ts'
import { fileOf } from './hiring.ts'

export interface ClearingParts {
  store: Store
  desired: Desired
  changing: Changing
  settling: Pick<Settling, 'when'>
  files(): TeamFiles
  write(file: string, before: string, after: string): void
  edit<T>(work: () => Promise<T>): Promise<T>
}

export interface Cleared {
  cleared: string[]
  kept: { agent: string; why: string }[]
}

/** How long the end of those that go may take, ms. */
const goneWithinMs = 60_000

/** Takes workers out that were spawned and have done their work. Whoever was written into the files by hand is never touched. */
export async function clear(parts: ClearingParts, failed: boolean, signal: AbortSignal): Promise<Cleared> {
  const done = await takeOut(parts, failed, signal)
  // Not in the turn of changes: tasks are taken in and brought to others meanwhile.
  await parts.settling.when(done.cleared, ({ incarnation }) => incarnation === null, goneWithinMs, signal)
  return done
}

async function takeOut(parts: ClearingParts, failed: boolean, signal: AbortSignal): Promise<Cleared> {
  return await parts.edit(async () => {
    const files = parts.files()
    const spawned = agentsOf(files.team).filter((agent) => agent.spawned)
    const { newest, open } = await parts.store.read(async (db) => ({ newest: await db.tasks.inHand(spawned.map(({ address }) => address)), open: await db.tasks.open() }))
    const kept: Cleared['kept'] = []
    const going = spawned.filter(({ address }) => {
      const why = whyKept(newest.find(({ agent }) => agent === address), open.find(({ agent }) => agent === address), failed)
      if (why !== null) kept.push({ agent: address, why })
      return why === null
    })
    if (going.length > 0) await remove(parts, files, going, signal)
    return { cleared: going.map(({ address }) => address), kept }
  })
}

function whyKept(newest: Task | undefined, open: Task | undefined, failed: boolean): string | null {
  if (open !== undefined) return `task #${open.n} is ${open.state.name}`
  if (newest === undefined) return 'it has no task'
  return newest.state.name === 'failed' && !failed ? `task #${newest.n} failed; --failed takes it out too` : null
}

/** One write for each file; then the applied team follows, of which nobody else is taken up. */
async function remove({ desired, changing, write }: ClearingParts, files: TeamFiles, going: readonly Agent[], signal: AbortSignal): Promise<void> {
  for (const [project, agents] of Map.groupBy(going, (agent) => agent.project)) {
    const file = fileOf(files, project)
    const text = readTeamFile(file)
    write(file, text, withoutWorkers(text, agents.map(({ id }) => id)))
  }
  const known = applied(desired)
  const names = going.map(({ address }) => address).filter((address) => known.has(address))
  if (names.length > 0) await changing.reload(names, {}, { drainMs: null, timeoutMs: 0 }, signal)
}

/** A team that is down is not brought up by this. */
function applied(desired: Desired): Set<string> {
  const team: Team | null = desired.applied === null ? null : desired.team
  return new Set(team === null ? [] : agentsOf(team).map(({ address }) => address))
}
