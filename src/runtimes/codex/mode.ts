import type { Host } from '../../core/runtime.ts'
import type { PermissionMode } from '../../core/team.ts'

export interface ChosenMode {
  approval: 'on-request' | 'never'
  sandbox: 'read-only' | 'workspace-write' | 'danger-full-access'
  notices: string[]
}

/**
 * The one table of permission modes. Codex runs each command in its sandbox, and asks for what has to leave it; which calls
 * it may make at all, its hook decides before. In `workspace-write` it may change its folder, `.git` apart, and has no network.
 */
export function chooseMode(wanted: PermissionMode, host: Pick<Host, 'isRoot'>): ChosenMode {
  switch (wanted) {
    case 'plan':
      return { approval: 'never', sandbox: 'read-only', notices: [] }
    case 'manual':
      return { approval: 'on-request', sandbox: 'read-only', notices: [] }
    case 'confirm':
    case 'auto':
      return { approval: 'on-request', sandbox: 'workspace-write', notices: [] }
    case 'bypass':
      if (!host.isRoot) return { approval: 'never', sandbox: 'danger-full-access', notices: [] }
      return { approval: 'on-request', sandbox: 'workspace-write', notices: ['permission mode bypass is not given to root: Codex runs in its sandbox, and asks for what has to leave it'] }
  }
}
