import type { Project } from '../core/team.ts'
import type { Place } from './place.ts'

/**
 * Keys that are read and checked, with nothing behind them in this version. `validate -v` says so.
 * A feature that lands takes its lines out.
 */
const unusedKeys = {
  compose: ['budget', 'hitl', 'rate_limits', 'interfaces', 'attachments', 'supervisor.worktree_isolation'],
  project: ['interfaces'],
  agent: [
    'autonomy',
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

/** What a mode means until the rules it will stand on exist. Once a project, at its head. */
export function tellModes(project: Project, place: Place): void {
  const names = project.agents.filter((agent) => agent.permissionMode === 'auto').map((agent) => agent.id)
  if (names.length === 0) return
  const who = names.length > 5 ? `${names.slice(0, 5).join(', ')}, …` : names.join(', ')
  place
    .at('project')
    .info(`permission mode \`auto\` (${who}) is the runtime’s own mode of accepting edits: there are no sensitive rules yet`)
}
