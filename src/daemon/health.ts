import type { Clock } from '../core/clock.ts'
import type { Health, Host, Runtime } from '../core/runtime.ts'
import type { Agent } from '../core/team.ts'

/** A probe starts a process; what it found is good for this long. A problem is asked for again each time. ms */
const freshFor = 60_000

export function healthCache(clock: Clock, runtimeOf: (agent: Agent) => Promise<Runtime>, host: () => Host): (agent: Agent) => Promise<Health> {
  const known = new Map<Runtime, { at: number; health: Promise<Health> }>()
  return async (agent) => {
    const runtime = await runtimeOf(agent)
    const cached = known.get(runtime)
    if (cached !== undefined && clock.elapsed() - cached.at < freshFor) return await cached.health
    const health = runtime.health(host())
    known.set(runtime, { at: clock.elapsed(), health })
    const forget = (): boolean => known.delete(runtime)
    health.then((found) => found.problem !== null && forget(), forget)
    return await health
  }
}
