import { prefixes } from '../../core/sensitive.ts'
import type { LaunchContext } from '../../core/runtime.ts'
import type { PermissionMode } from '../../core/team.ts'
import { teamServer } from './settings.ts'

/** Value of --approval-mode. The CLI has no mode for `confirm` and `auto`: there its hook decides on each call, and its policy lets pass what the hook did. */
export function approvalMode(wanted: PermissionMode): 'default' | 'plan' | 'yolo' {
  if (wanted === 'plan') return 'plan'
  return wanted === 'bypass' ? 'yolo' : 'default'
}

/** Whether the CLI's own policy asks its user; otherwise troupe's hook has it ask where that is wanted. */
export function asksByItself(mode: PermissionMode): boolean {
  return mode === 'manual' || mode === 'plan'
}

interface PolicyRule {
  toolName?: string
  mcpName?: string
  commandPrefix?: string
  decision: 'allow' | 'ask_user'
  priority: number
}

/**
 * Rules for --policy, which stand above those the CLI ships with. Troupe's own tools never ask. The sensitive actions are
 * there once more for when the hook fails: the CLI then asks whoever is at its terminal.
 */
export function policy({ agent, team: { hitl } }: Pick<LaunchContext, 'agent' | 'team'>): string {
  const rules: PolicyRule[] = [
    { mcpName: teamServer, toolName: '*', decision: 'allow', priority: 900 },
    // Where nobody can be asked, a question is a no, also for what was approved.
    ...(agent.permissionMode === 'plan' || agent.mode === 'oneshot' ? [] : prefixes(hitl.globallySensitiveActions, hitl.rules).map((commandPrefix): PolicyRule => ({ commandPrefix, toolName: 'run_shell_command', decision: 'ask_user', priority: 500 }))),
    ...(asksByItself(agent.permissionMode) ? [] : [{ toolName: '*', decision: 'allow', priority: 100 } as const]),
  ]
  return rules.map((rule) => ['[[rule]]', ...Object.entries(rule).map(([key, value]) => `${key} = ${JSON.stringify(value)}`), ''].join('\n')).join('\n')
}
