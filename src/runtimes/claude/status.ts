import type { Evidence } from '../../core/phase.ts'
import type { Signal } from '../../core/runtime.ts'
import { unknownDialog, type Dialog } from './dialogs.ts'
import type { SessionFile } from './session-file.ts'

const source = 'session-file'

/**
 * What a new reading of the session file tells beyond the one before (null: none yet). `asking` is what
 * a PermissionRequest named. The time of the status counts, so that a turn too short to be seen busy is not missed.
 */
export function changes(before: SessionFile | null, after: SessionFile, asking: Dialog | null, at: number): Signal[] {
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

function toSignal(file: SessionFile, asking: Dialog | null, evidence: (what: string) => Evidence): Signal {
  if (file.status !== 'waiting') return { type: file.status === 'busy' ? 'busy' : 'idle', evidence: evidence(`status ${file.status ?? 'idle'}`) }
  const dialog = saidToWait(file.waitingFor, asking)
  return { type: 'waiting', ...dialog, evidence: evidence(`status waiting, ${file.waitingFor ?? 'for something'}`) }
}

const reasons: Record<string, Dialog> = {
  'permission prompt': { what: 'a permission', fix: 'choose with the arrow keys, confirm with Enter; Escape refuses' },
  'input needed': { what: 'input that a tool server asks for', fix: 'fill it in; Escape declines' },
  'sandbox request': { what: 'a permission for its sandbox', fix: 'choose with the arrow keys, confirm with Enter' },
  'worker request': { what: 'a permission for one of its sub-agents', fix: 'choose with the arrow keys, confirm with Enter' },
  'goal proposal': { what: 'approval of a goal', fix: 'choose with the arrow keys, confirm with Enter' },
}

export function saidToWait(reason: string | null, asking: Dialog | null): Dialog {
  if (asking !== null && (reason === 'permission prompt' || reason === 'input needed')) return { what: asking.what, fix: asking.fix }
  return reasons[reason ?? ''] ?? unknownDialog
}

/** Whether only the screen can tell what is asked: `dialog open` is all that the file says of most dialogs. */
export function isUntold(file: SessionFile, asking: Dialog | null): boolean {
  if (file.status !== 'waiting') return false
  if (saidToWait(file.waitingFor, asking) === unknownDialog) return true
  // Its hook was lost, or came to the daemon before this one.
  return asking === null && file.waitingFor === 'permission prompt'
}
