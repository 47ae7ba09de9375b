import type { Mode, RuntimeDescriptor } from '../../core/team.ts'
import type { Place } from '../place.ts'
import type { RawAgent } from '../schema/agent.ts'
import { printable } from './names.ts'
import type { ProjectScope } from './scope.ts'

/** How a runtime can run, what it does of itself first. What a described command does with a task cannot be known. */
export function modesOf(runtime: string, descriptor: RuntimeDescriptor | null, { known }: Pick<ProjectScope, 'known'>): readonly Mode[] {
  if (descriptor !== null) return descriptor.protocol === null ? ['terminal'] : ['protocol']
  return known.runtimes.modes[runtime] ?? ['terminal']
}

export function resolveMode({ mode: wanted, runtime, task, restart }: RawAgent, descriptor: RuntimeDescriptor | null, scope: ProjectScope, place: Place): Mode {
  const can = modesOf(runtime, descriptor, scope)
  const mode = wanted ?? can[0] ?? 'terminal'
  if (!can.includes(mode)) place.at('mode').error(`\`${printable(runtime)}\` has no mode ${mode}`, `use ${can.join(' or ')}`)
  if (mode === 'oneshot' && (task === null || task.trim() === '')) place.error('a one-shot agent needs a `task`', 'say what it is to do, or take `mode: oneshot` away')
  if (mode !== 'oneshot' && task !== null) place.at('task').errorAtKey('`task` is for one-shot agents', 'add `mode: oneshot`, or send the task as a message')
  if (mode === 'oneshot' && restart === 'always') place.at('restart').error('a one-shot agent that always restarts would do its task for ever', 'use on-failure or never')
  return mode
}
