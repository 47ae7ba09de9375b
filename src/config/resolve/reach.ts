import type { Address } from '../../core/team.ts'
import { didYouMean } from '../../core/nearest.ts'
import type { Place } from '../place.ts'
import type { RawAgent } from '../schema/agent.ts'
import { printable } from './names.ts'
import type { ProjectScope } from './scope.ts'

/** Whom an agent may write to. Nothing is implied: a list that is left out allows nobody. */
export function reach(
  id: string,
  raw: RawAgent,
  scope: ProjectScope,
  place: Place,
): { canDm: Address[]; canBroadcast: string[] } {
  const others = scope.agents.filter((other) => other !== id)
  const canDm = raw.can_dm.flatMap((name, index) => recipients(id, name, others, scope, place.at('can_dm', index)))
  const canBroadcast = raw.can_broadcast.flatMap((name, index) => channels(id, name, scope, place.at('can_broadcast', index)))
  warnOfSilence(id, raw, scope, others, place)
  return { canDm: [...new Set(canDm)].map((other) => `${scope.project}:${other}`), canBroadcast: [...new Set(canBroadcast)] }
}

function recipients(id: string, written: string, others: string[], scope: ProjectScope, place: Place): string[] {
  if (written === '*') return others
  const own = `${scope.project}:`
  const name = written.startsWith(own) ? written.slice(own.length) : written
  if (name === id) place.warning(`\`${id}\` may write to itself, which does nothing`, 'take it out of `can_dm`')
  else if (others.includes(name)) return [name]
  else if (name.includes(':')) {
    place.error(
      `\`can_dm\` of \`${id}\` names \`${printable(written)}\` of another project`,
      'only a bridge between two managers crosses projects',
    )
  } else {
    place.error(
      `\`can_dm\` of \`${id}\` names \`${printable(written)}\`, which is no agent of project \`${scope.project}\``,
      didYouMean(name, others, 'agents of the project'),
    )
  }
  return []
}

function channels(id: string, written: string, scope: ProjectScope, place: Place): string[] {
  const names = scope.channels.map((channel) => channel.name)
  const joined = scope.channels.filter((channel) => channel.members.includes(id)).map((channel) => channel.name)
  if (written === '*') return joined
  const name = written.replace(/^#/, '')
  if (!names.includes(name)) {
    place.error(
      `\`can_broadcast\` of \`${id}\` names \`${printable(written)}\`, which is no channel of project \`${scope.project}\``,
      didYouMean(name, names, 'channels of the project'),
    )
    return []
  }
  if (!joined.includes(name)) {
    place.warning(
      `\`${id}\` may broadcast on \`${name}\` but is not a member of it, so every broadcast will be refused`,
      `add \`${id}\` to the members of \`${name}\``,
    )
  }
  return [name]
}

/** teamctl read an empty list as "everybody"; whoever comes from there must hear that it is not so here. */
function warnOfSilence(id: string, raw: RawAgent, scope: ProjectScope, others: string[], place: Place): void {
  const joined = scope.channels.some((channel) => channel.members.includes(id))
  const noDm = raw.can_dm.length === 0 && others.length > 0
  const noBroadcast = raw.can_broadcast.length === 0 && joined
  if (!noDm && !noBroadcast) return
  const what = [
    noDm ? 'write to nobody (`can_dm` is empty)' : null,
    noBroadcast ? 'broadcast nowhere (`can_broadcast` is empty)' : null,
  ]
  const keys = [noDm ? '`can_dm`' : null, noBroadcast ? '`can_broadcast`' : null].filter((key) => key !== null)
  place.warningAtKey(
    `\`${scope.project}:${id}\` may ${what.filter((one) => one !== null).join(' and ')}`,
    `list names in ${keys.join(' and ')}, or ["*"] for all of the project`,
  )
}
