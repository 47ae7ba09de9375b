import { modesOf } from './mode.ts'
import type { Agent, Fallback } from '../../core/team.ts'
import type { Place } from '../place.ts'
import type { RawAgent } from '../schema/agent.ts'
import { printable } from './names.ts'
import { checkGate } from './permission.ts'
import { checkRuntime } from './runtime.ts'
import type { ProjectScope } from './scope.ts'

/** Each must exist, and keep what the agent's own runtime promises: its mode, its gate, its metering. */
export function resolveFallback(raw: RawAgent, { permissionMode, autonomy }: Pick<Agent, 'permissionMode' | 'autonomy'>, metering: Agent['metering'], scope: ProjectScope, place: Place): Fallback[] {
  const { gated, proxied } = scope.known.runtimes
  return raw.fallback.map((each, index) => {
    const { runtime, model } = typeof each === 'string' ? { runtime: each, model: null } : each
    const here = place.at(index)
    const word = printable(runtime)
    const names = raw.fallback.map((one) => (typeof one === 'string' ? one : one.runtime))
    if (runtime === raw.runtime) here.error(`\`${word}\` is the agent’s own runtime`, 'name another one')
    else if (names.indexOf(runtime) !== index) here.error(`\`${word}\` is named twice`, 'take one away')
    const descriptor = checkRuntime(runtime, scope, here)
    const can = modesOf(runtime, descriptor, scope)
    if (raw.mode === 'oneshot' && !can.includes('oneshot')) here.error(`\`${word}\` has no mode oneshot, which the agent runs in`, 'name a runtime that has')
    if (metering === 'proxy' && !proxied.includes(runtime)) here.error(`the model calls of \`${word}\` cannot go through troupe, as this agent’s must`, 'take it out, or set `metering: records`')
    if (descriptor !== null && !gated.includes(runtime)) checkGate(runtime, { mode: permissionMode, autonomy }, here)
    return { runtime, descriptor, model, mode: raw.mode !== null && can.includes(raw.mode) ? raw.mode : (can[0] ?? 'terminal') }
  })
}
