import type { Clock } from '../../core/clock.ts'
import type { ToolCall, Verdict } from '../../core/gate.ts'
import type { Terminal } from '../../core/runtime.ts'
import { readSessionFile, type Own } from './session-file.ts'
import { toolCall } from './tool-call.ts'

/** A PermissionRequest that a yes or a no answers; null where it wants more, or is about troupe's own tools. */
export function promptedCall(event: Record<string, unknown>): ToolCall | null {
  const call = toolCall(event)
  return call === null || call.kind === 'team' || call.tool === 'AskUserQuestion' ? null : call
}

/** Nothing at all leaves the question to whoever is at the terminal. */
export function promptAnswer(verdict: Verdict): Record<string, unknown> {
  if (verdict.do === 'pass' || verdict.do === 'ask') return {}
  const decision = verdict.do === 'allow' ? { behavior: 'allow' } : { behavior: 'deny', message: verdict.why }
  return { hookSpecificOutput: { hookEventName: 'PermissionRequest', decision } }
}

/** ms, and how often a screen is looked at: the dialog is drawn a moment after the status says so. */
const lookMs = 200
const looks = 5

/** Answers a prompt whose hook was cut off, if the screen shows that very command with “Yes” preselected. */
export async function settlePrompt(call: Pick<ToolCall, 'tool' | 'input'>, verdict: 'approve' | 'deny', at: { own: Own; terminal: Terminal; clock: Clock }): Promise<boolean> {
  for (let look = 0; look < looks; look += 1) {
    const file = await readSessionFile(at.own)
    if (file?.status !== 'waiting' || file.waitingFor !== 'permission prompt') return false
    if (showsPrompt(await at.terminal.screen(), call)) {
      await at.terminal.type([{ keys: [verdict === 'approve' ? 'Enter' : 'Escape'] }])
      return true
    }
    await new Promise<void>((resolve) => void at.clock.after(lookMs, resolve))
  }
  return false
}

/**
 * The dialog stands below the last rule across the screen, and between two broken rules in it the command alone. One that
 * takes more than a line is not recognised: where it wraps, a blank more or less would not show.
 */
export function showsPrompt(screen: string, { input }: Pick<ToolCall, 'tool' | 'input'>): boolean {
  const { command } = input as { command?: unknown }
  const lines = screen.trimEnd().split('\n')
  const dialog = lines.slice(lines.findLastIndex((line) => /^─{10}/.test(line)) + 1)
  const first = dialog.findIndex((line) => /^╌{10}/.test(line))
  const between = dialog.slice(first + 1, dialog.findLastIndex((line) => /^╌{10}/.test(line)))
  return first >= 0 && between.length === 1 && between[0]?.trim() === command && dialog.some((line) => /^\s*❯ 1\. Yes\s*$/.test(line))
}
