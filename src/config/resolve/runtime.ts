import type { RuntimeDescriptor } from '../../core/team.ts'
import { didYouMean } from '../../core/nearest.ts'
import type { Place } from '../place.ts'
import type { RawDescriptor } from '../schema/descriptor.ts'
import { printable } from './names.ts'
import type { TeamScope } from './scope.ts'

/** The runtime an agent names: built in, or described by a file of the team's. */
export function checkRuntime(name: string, scope: TeamScope, place: Place): RuntimeDescriptor | null {
  const descriptor = scope.descriptors.get(name) ?? null
  const { ready, planned } = scope.known.runtimes
  if (descriptor !== null || ready.includes(name)) return descriptor
  if (planned.includes(name)) {
    place.warning(
      `the runtime \`${name}\` is known but not used yet: the agent cannot be started`,
      `choose ${ready.join(' or ')}, or describe the command in runtimes/${name}.yaml`,
    )
    return null
  }
  const names = [...ready, ...planned, ...scope.descriptors.keys()]
  place.error(
    `the runtime \`${printable(name)}\` is neither built in nor described in runtimes/${printable(name)}.yaml`,
    didYouMean(name, names, 'runtimes'),
  )
  return null
}

export function resolveDescriptor(name: string, raw: RawDescriptor, place: Place): RuntimeDescriptor {
  if (raw.binary.trim() === '') place.at('binary').error('`binary` is empty', 'name the program to run')
  for (const key of ['ready', 'busy', 'idle'] as const) {
    const pattern = raw[key]
    if (pattern !== null) checkPattern(pattern, place.at(key))
  }
  raw.rate_limit_patterns.forEach((pattern, index) =>
    checkPattern(pattern.match, place.at('rate_limit_patterns', index, 'match')),
  )
  return {
    name,
    binary: raw.binary,
    args: raw.args,
    protocol: raw.protocol,
    ...(raw.auth === null ? {} : { auth: raw.auth }),
    ...(raw.rehearsal_env === null ? {} : { rehearsalEnv: raw.rehearsal_env }),
    supportsMcp: raw.supports_mcp,
    sessionResume: raw.session_resume,
    defaultModel: raw.default_model,
    env: raw.env,
    ready: raw.ready,
    busy: raw.busy,
    idle: raw.idle,
    rateLimitPatterns: raw.rate_limit_patterns.map((pattern) => ({
      match: modernPattern(pattern.match),
      resetsAtCapture: pattern.resets_at_capture,
      resetsInCapture: pattern.resets_in_capture,
    })),
  }
}

/** Patterns from teamctl are Rust's: they begin with inline flags and write groups as `(?P<name>…)`. */
function modernPattern(pattern: string): string {
  const groups = pattern.replaceAll('(?P<', '(?<')
  const flags = /^\(\?([ims]+)\)/.exec(groups)
  return flags === null ? groups : `(?${flags[1]}:${groups.slice(flags[0].length)})`
}

function checkPattern(pattern: string, place: Place): void {
  try {
    RegExp(modernPattern(pattern), 'm')
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: \/.*\/\w*: /s, '') : String(error)
    place.error(`this is not a regular expression: ${reason}`)
  }
}
