import { TroupeError } from '../core/error.ts'
import type { RuntimeDescriptor } from '../core/team.ts'
import { resetTime } from './reset-time.ts'

/** What a screen can show of a program's state. null: cannot be told from this screen. */
export type Looks = 'idle' | 'busy' | null

export interface Patterns {
  /** Does it take input for the first time? */
  isReady(screen: string): boolean
  looks(screen: string): Looks
  /** A limit that was hit, as the screen tells, with the time when it is over (ms) where it says so. */
  limit(screen: string, now: number): { line: string; until: number | null } | null
}

/** States are told by the bottom of the screen; above it stands what agents said, which may look like anything. */
const bottomLines = 12

/** Throws `config` for what is no regular expression. */
export function compilePatterns(descriptor: RuntimeDescriptor): Patterns {
  const of = (key: 'ready' | 'busy' | 'idle') => compile(descriptor.name, key, descriptor[key])
  const [ready, busy, idle] = [of('ready'), of('busy'), of('idle')]
  const limits = descriptor.rateLimitPatterns.map((each) => ({ ...each, match: compile(descriptor.name, 'rate_limit_patterns', each.match) }))
  const looks = (screen: string): Looks => {
    const shown = bottom(screen)
    if (busy?.test(shown) === true) return 'busy'
    if (idle !== null) return idle.test(shown) ? 'idle' : busy === null ? 'busy' : null
    return 'idle'
  }
  return {
    looks,
    isReady: (screen) => (ready === null ? looks(screen) === 'idle' : ready.test(bottom(screen))),
    limit(screen, now) {
      for (const { match, resetsAtCapture, resetsInCapture } of limits) {
        const found = match?.exec(bottom(screen))
        if (found === null || found === undefined) continue
        const at = { at: found.groups?.[resetsAtCapture ?? ''], in: found.groups?.[resetsInCapture ?? ''] }
        return { line: found[0].trim(), until: resetTime(at, now) }
      }
      return null
    },
  }
}

function bottom(screen: string): string {
  return screen.trimEnd().split('\n').slice(-bottomLines).join('\n')
}

function compile(name: string, key: string, pattern: string | null): RegExp | null {
  if (pattern === null) return null
  try {
    return new RegExp(pattern, 'm')
  } catch (cause) {
    throw new TroupeError('config', `\`${key}\` of the runtime \`${name}\` is no regular expression: ${pattern}`, {
      hint: `correct it in runtimes/${name}.yaml`,
      cause,
    })
  }
}
