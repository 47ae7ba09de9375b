import { TroupeError } from '../core/error.ts'
import type { Team } from '../core/team.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { Loaded } from './load.ts'
import { renderDiagnostics } from './render.ts'

/** What `validate --json` prints. */
export interface ValidateReport {
  ok: boolean
  projects: number
  agents: number
  diagnostics: Omit<Diagnostic, 'excerpt'>[]
}

export function validateReport(loaded: Loaded): ValidateReport {
  const diagnostics = loaded.diagnostics.map(({ severity, file, line, column, message, hint }) => ({
    severity,
    file,
    line,
    column,
    message,
    hint,
  }))
  return { ok: loaded.team !== null, ...loaded.counts, diagnostics }
}

/** `ok · 1 project · 2 agents`, or how many errors stand in the way. */
export function validateSummary(loaded: Loaded): string {
  const errors = loaded.diagnostics.filter((one) => one.severity === 'error').length
  if (loaded.team === null) return plural(errors, 'error')
  return `ok · ${plural(loaded.counts.projects, 'project')} · ${plural(loaded.counts.agents, 'agent')}`
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** The team, or `config` with all that is wrong; its `facts.diagnostics` have the shape of `validate`. */
export function teamOrThrow(loaded: Loaded): Team {
  if (loaded.team !== null) return loaded.team
  const errors = loaded.diagnostics.filter((one) => one.severity === 'error')
  const first = errors.slice(0, 20)
  const more = errors.length > first.length ? `\n… and ${errors.length - first.length} more` : ''
  throw new TroupeError(
    'config',
    `the team's files have ${plural(errors.length, 'error')}\n${renderDiagnostics(first, { color: false })}${more}`,
    {
      hint: 'correct the files; troupe validate shows all of it',
      facts: { diagnostics: validateReport({ ...loaded, diagnostics: errors }).diagnostics },
    },
  )
}
