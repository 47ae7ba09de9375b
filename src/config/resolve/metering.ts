import type { Agent, MeteringSettings } from '../../core/team.ts'
import type { Place } from '../place.ts'
import type { RawAgent } from '../schema/agent.ts'
import type { RawCompose } from '../schema/compose.ts'
import { printable } from './names.ts'
import type { ProjectScope } from './scope.ts'

export function resolveMetering(raw: RawCompose['metering'], place: Place): MeteringSettings {
  if (raw.api_root !== null) checkRoot(raw.api_root, place.at('api_root'))
  return { apiRoot: raw.api_root, callsAtOnce: raw.calls_at_once }
}

/** Keys go there: not in the clear over a network, and none stands in the address. */
function checkRoot(root: string, place: Place): void {
  const url = URL.canParse(root) ? new URL(root) : null
  const near = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '')
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && near)))
    place.error(`\`${printable(root)}\` is no address of a provider`, 'write https://…; http:// is for this machine only')
  else if (url.username !== '' || url.password !== '' || url.search !== '') place.error('an address with a password or a query is none for a file', 'put the key into the environment')
}

/** The team's choice holds for the runtimes that can; an agent's own must be possible. */
export function agentMetering(raw: Pick<RawAgent, 'metering' | 'runtime'>, scope: ProjectScope, place: Place): Agent['metering'] {
  const can = scope.known.runtimes.proxied.includes(raw.runtime)
  if (raw.metering === 'proxy' && !can) place.error(`the model calls of \`${printable(raw.runtime)}\` cannot go through troupe`, `leave the key out, or use ${scope.known.runtimes.proxied.join(' or ')}`)
  return (raw.metering ?? scope.metering) === 'proxy' && can ? 'proxy' : null
}
