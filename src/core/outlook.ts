import type { AgentState } from './phase.ts'
import { restartPolicy } from './restart.ts'
import type { RestartMode } from './team.ts'

/** What happens to an agent next if nobody does anything; `at` (ms) where that has a time. */
export interface Outlook {
  what: string
  at: number | null
}

export function outlook({ phase, wanted, restarts, incarnation }: AgentState, mode: RestartMode): Outlook {
  const never = (what: string): Outlook => ({ what, at: null })
  switch (phase.name) {
    case 'backoff':
      return wanted === 'running' ? { what: 'it is started again', at: phase.until } : never('nothing: it is wanted stopped')
    case 'parked':
      if (phase.until === null) return never('nothing until a person starts it: no time is known when it would work again')
      return { what: incarnation === null ? 'it is started again' : phase.cut === true ? 'it is told to go on' : 'it takes mail again', at: phase.until }
    case 'quarantined':
      return never('nothing until a person starts or restarts it')
    case 'blocked':
      return never('nothing until the cause is mended and a person brings it up again')
    case 'waiting':
      return never('nothing until somebody answers in its terminal; messages wait')
    case 'starting':
      return never('it becomes ready, or its process ends')
    case 'stopping':
      return never('its process ends, politely or by force')
    case 'stopped':
      return never(wanted === 'running' && phase.why !== 'done' && phase.why !== 'failed' ? 'it is started' : 'nothing until a person starts it')
    default:
      return never(`${phase.name === 'idle' ? 'it waits for mail' : 'it goes on with its turn'}; ${onEnd(mode, restarts.failures.length)}`)
  }
}

function onEnd(mode: RestartMode, failures: number): string {
  if (mode === 'never') return 'if its process ends, it stays stopped'
  const left = restartPolicy.quarantineFailures - failures
  const which = mode === 'always' ? 'if its process ends' : 'if its process fails'
  return left <= 1 ? `${which} within 5 min of its start, it is quarantined` : `${which}, it is started again after a pause`
}
