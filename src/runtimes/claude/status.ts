import type { Evidence } from '../../core/phase.ts'
import type { Signal } from '../../core/runtime.ts'
import type { SessionFile } from './session-file.ts'

const source = 'session-file'

/**
 * What a new reading of the session file tells beyond the one before (null: none yet). `asking` is the tool that
 * a PermissionRequest named. The time of the status counts, so that a turn too short to be seen busy is not missed.
 */
export function changes(before: SessionFile | null, after: SessionFile, asking: string | null, at: number): Signal[] {
  const signals: Signal[] = []
  const evidence = (what: string): Evidence => ({ at, what, source })
  if (before?.sessionId !== after.sessionId) {
    signals.push({ type: 'session', id: after.sessionId, evidence: evidence(`conversation ${after.sessionId}`) })
  }
  if (after.status === null) return signals
  const first = before === null || before.status === null
  if (first) signals.push({ type: 'ready', evidence: evidence(`status ${after.status}`) })
  const same = before?.status === after.status && before.waitingFor === after.waitingFor && before.statusUpdatedAt === after.statusUpdatedAt
  if (!same) signals.push(toSignal(after, asking, evidence))
  return signals
}

function toSignal(file: SessionFile, asking: string | null, evidence: (what: string) => Evidence): Signal {
  if (file.status !== 'waiting') return { type: file.status === 'busy' ? 'busy' : 'idle', evidence: evidence(`status ${file.status ?? 'idle'}`) }
  const reason = file.waitingFor ?? 'an answer'
  const what = reason === 'permission prompt' && asking !== null ? `permission for ${asking}` : reason
  return { type: 'waiting', what, evidence: evidence(`status waiting, ${reason}`) }
}
