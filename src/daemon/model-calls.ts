import { acting } from '../core/duty.ts'
import { holdOf } from '../core/phase.ts'
import { costOf } from '../core/prices.ts'
import { agentEnvironment } from '../config/environment.ts'
import { modelWay, runtimeVariables } from '../runtimes/index.ts'
import { prices } from '../runtimes/prices.ts'
import type { Agents } from './agents.ts'
import { ModelDoor, type ModelDoorParts } from './model-door.ts'

/** Longer answers than this no model gives. Tokens. */
const longestAnswer = 128_000

type ModelCallParts = Omit<ModelDoorParts, 'wayOf' | 'acting' | 'whyBroken' | 'environmentFor' | 'most'> & { agents: Agents; values(): Record<string, string> }

/** The door for model calls, put together. */
export function modelCalls({ agents, values, ...parts }: ModelCallParts): ModelDoor {
  return new ModelDoor({
    ...parts,
    wayOf: modelWay,
    acting: (agent) => acting(agent, agents.get(agent.address)),
    environmentFor: (agent) => agentEnvironment(agent, values(), runtimeVariables),
    whyBroken(address) {
      const { phase } = agents.get(address)
      return phase.name === 'parked' && holdOf(phase)?.by === 'breaker' ? phase.why : null
    },
    // A token is a byte at least.
    most(model, bytes) {
      const asked = [{ input: bytes }, { cacheWrite: bytes }, { cacheWrite: bytes, cacheWriteLong: bytes }]
      const costs = asked.map((tokens) => costOf({ model, at: parts.clock.now(), tokens: { input: 0, cacheRead: 0, cacheWrite: 0, output: longestAnswer, ...tokens } }, prices, parts.team().budget.prices))
      const known = costs.filter((cost) => cost !== null)
      return known.length === 0 ? null : Math.max(...known)
    },
  })
}
