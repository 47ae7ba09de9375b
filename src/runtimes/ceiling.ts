import { noCallPasses } from '../core/budget.ts'
import type { FailureClass } from '../core/restart.ts'

const refusal = new RegExp(`troupe: [^"]*${noCallPasses}[^"\\n]*`)

/** What a CLI shows of a model call that troupe refused on its way to the provider; null where it is about something else. */
export function ceilingIn(text: string): { class: FailureClass; why: string; until: null; fix: string } | null {
  const why = refusal.exec(text)?.[0]
  return why === undefined ? null : { class: 'quota', why, until: null, fix: 'raise the limit or name the price in team-compose.yaml and run troupe up, or troupe budget allow' }
}
