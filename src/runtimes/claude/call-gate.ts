import { canonical } from '../../core/approval.ts'
import type { Gate } from '../../core/runtime.ts'
import { permissionAnswer, toolCall } from './tool-call.ts'

/** Equal for the same call, in whichever event it is told. */
export function callKey({ tool_name: tool, tool_input: input }: Record<string, unknown>): string {
  return canonical([tool, input])
}

/**
 * A PreToolUse event, held for `holdMs` at most; null for any other. What a person approves is added to `approved`: Claude's
 * own ask rules hold for what a hook allows too, so that it will ask for this call.
 */
export function callGate(event: Record<string, unknown>, holdMs: number, approved: Set<string>): Gate | null {
  const call = event['hook_event_name'] === 'PreToolUse' ? toolCall(event) : null
  if (call === null) return null
  return {
    stage: 'call',
    call,
    patienceMs: holdMs,
    answer: (verdict) => {
      if (verdict.do !== 'pass' && verdict.approved === true) approved.add(callKey(event))
      return permissionAnswer(verdict)
    },
  }
}
