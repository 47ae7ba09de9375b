import type { AgentSetting } from '../core/runtime.ts'
import type { Known } from './known.ts'
import type { Place } from './place.ts'

/**
 * Keys that are read and checked, with nothing behind them in this version. `validate -v` says so.
 * A feature that lands takes its lines out.
 */
const unusedKeys = {
  compose: [],
  project: ['interfaces'],
  agent: [
    'protected',
  ],
} as const

export function tellUnused(scope: keyof typeof unusedKeys, place: Place): void {
  for (const key of unusedKeys[scope]) {
    const here = place.at(...key.split('.'))
    if (here.said) here.info(`\`${key}\` is not used yet: it is checked and kept, and changes nothing in this version`)
  }
}

/** Keys of an agent that some runtimes act upon, as YAML writes them. */
const settings: readonly AgentSetting[] = ['effort', 'hooks', 'mcps', 'skills', 'subagents', 'ultracode']

/** What an agent asks for and its runtime has nothing like. Of a runtime that cannot run yet nothing is known. */
export function tellUnusedBy(runtime: string, known: Known, described: boolean, place: Place): void {
  const uses = described ? [] : known.runtimes.uses[runtime]
  if (uses === undefined) return
  const can = Object.entries(known.runtimes.uses)
  for (const key of settings) {
    const here = place.at(key)
    if (uses.includes(key) || !here.said) continue
    const others = can.filter(([, keys]) => keys.includes(key)).map(([name]) => name)
    here.warningAtKey(`\`${key}\` is not used by the runtime \`${runtime}\`: it changes nothing for this agent`, others.length === 0 ? 'take it out' : `take it out, or use ${others.join(' or ')}`)
  }
}
