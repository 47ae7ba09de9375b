import type { Place } from './place.ts'

/**
 * Keys that are read and checked, with nothing behind them in this version. `validate -v` says so.
 * A feature that lands takes its lines out.
 */
const unusedKeys = {
  compose: ['budget', 'rate_limits', 'interfaces', 'attachments', 'supervisor.worktree_isolation'],
  project: ['interfaces'],
  agent: [
    'on_rate_limit',
    'interfaces',
    'skills',
    'subagents',
    'ultracode',
    'protected',
    'cwd_override',
  ],
} as const

export function tellUnused(scope: keyof typeof unusedKeys, place: Place): void {
  for (const key of unusedKeys[scope]) {
    const here = place.at(...key.split('.'))
    if (here.said) here.info(`\`${key}\` is not used yet: it is checked and kept, and changes nothing in this version`)
  }
}
