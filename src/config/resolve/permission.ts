import type { Autonomy, PermissionMode } from '../../core/team.ts'
import { didYouMean, nearest } from '../../core/nearest.ts'
import type { Place } from '../place.ts'
import { printable } from './names.ts'

const modes: readonly PermissionMode[] = ['plan', 'confirm', 'manual', 'auto', 'bypass']

/** Words that older team files took over from an agent CLI, and the mode that comes nearest without allowing more. */
const foreign: ReadonlyMap<string, PermissionMode> = new Map([
  ['default', 'manual'],
  ['acceptEdits', 'auto'],
  ['bypassPermissions', 'bypass'],
  ['dontAsk', 'manual'],
])

const autonomies: readonly Autonomy[] = ['full', 'low_risk_only', 'proposal_only']

export function permissionMode(word: string, place: Place): PermissionMode {
  const mode = modes.find((one) => one === word)
  if (mode !== undefined) return mode
  const mapped = foreign.get(word)
  if (mapped !== undefined) {
    place.info(`permission mode \`${word}\` is taken as \`${mapped}\``, `write \`permission_mode: ${mapped}\``)
    return mapped
  }
  place.error(
    `the permission mode \`${printable(word)}\` is not known; it must be one of ${modes.join(', ')}`,
    nearest(word, [...modes, ...foreign.keys()]) === undefined ? 'auto lets an agent work in its folder and ask for the rest' : didYouMean(word, [...modes, ...foreign.keys()], 'modes'),
  )
  return 'plan'
}

export function autonomy(word: string, place: Place): Autonomy {
  const found = autonomies.find((one) => one === word)
  if (found !== undefined) return found
  place.error(
    `the autonomy \`${printable(word)}\` is not known; it must be one of ${autonomies.join(', ')}`,
    didYouMean(word, autonomies, 'levels'),
  )
  return 'proposal_only'
}

/** A described runtime does not ask for leave before its tool calls (`gate: false`): what would hold them is refused, or said. */
export function checkGate(runtime: string, promised: { mode: PermissionMode; autonomy: Autonomy }, place: Place): void {
  const why = `\`${printable(runtime)}\` does not ask before its tool calls`
  const hint = 'give the program such a mode by its own arguments, or use a runtime with a gate'
  const { mode } = promised
  if (mode === 'plan' || mode === 'confirm') place.at('permission_mode').error(`permission mode \`${mode}\` cannot be held here: ${why}`, hint)
  else if (mode === 'manual') place.at('permission_mode').warning(`permission mode \`manual\` forwards nothing here: ${why}`, 'its questions stay at its terminal: troupe attach')
  if (promised.autonomy === 'proposal_only') place.at('autonomy').warning(`autonomy \`proposal_only\` holds nothing here: ${why}`, hint)
  place.at('runtime').info(`gate: false: ${why}; sensitive actions are held only where it asks by request_approval`)
}
