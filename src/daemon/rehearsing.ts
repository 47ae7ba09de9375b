import type { Clock } from '../core/clock.ts'
import { loadScenario } from '../proxy/load.ts'
import { rehearsal, type Rehearsal } from '../proxy/rehearsal.ts'

/** The scripted model of the scenario that the team rehearses now; made anew when the scenario changes. */
export function rehearsing(clock: Clock, scenario: () => string | null): (agent: string, request: Request) => Promise<Response> {
  let current: { name: string; model: Rehearsal } | null = null
  return async (agent, request) => {
    const name = scenario()
    if (name === null) {
      const error = { type: 'not_found_error', message: 'this team does not rehearse: there is no scripted model' }
      return Response.json({ type: 'error', error }, { status: 404 })
    }
    if (current?.name !== name) current = { name, model: rehearsal(loadScenario(name), { clock }) }
    return await current.model.handle(request, { agent })
  }
}
