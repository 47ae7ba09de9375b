import type { Health, Host } from '../../core/runtime.ts'
import type { PermissionMode } from '../../core/team.ts'

export interface ChosenMode {
  /** Value of --permission-mode. */
  mode: string
  notices: string[]
}

/** The one table of permission modes. `default` is what versions before `manual` called it. */
export function chooseMode(wanted: PermissionMode, host: Pick<Host, 'isRoot'>, health: Pick<Health, 'features'>): ChosenMode {
  const ask = health.features['manualMode'] === true ? 'manual' : 'default'
  switch (wanted) {
    case 'plan':
      return { mode: 'plan', notices: [] }
    case 'confirm':
    case 'manual':
      return { mode: ask, notices: [] }
    case 'auto':
      return { mode: 'acceptEdits', notices: [] }
    case 'bypass':
      if (!host.isRoot) return { mode: 'bypassPermissions', notices: [] }
      return {
        mode: 'acceptEdits',
        notices: ['permission mode bypass is refused by Claude Code for root: it runs with accept-edits, and asks for the rest'],
      }
  }
}
