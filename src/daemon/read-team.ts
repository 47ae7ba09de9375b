import { TroupeError } from '../core/error.ts'
import type { Team } from '../core/team.ts'
import { load } from '../config/load.ts'
import { known } from './known.ts'

/** The team as its files say now. Throws `config` with every error and its place. */
export function readTeam(root: string): Team {
  const { team, diagnostics } = load(root, known)
  if (team !== null) return team
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error')
  const [first] = errors
  const where = first === undefined ? '' : `: ${first.file}:${first.line}:${first.column} ${first.message}`
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  throw new TroupeError('config', `the team’s files have ${errors.length === 1 ? 'an error' : 'errors'}${where}${more}`, {
    hint: 'troupe validate shows them all',
    facts: { diagnostics: errors },
  })
}
