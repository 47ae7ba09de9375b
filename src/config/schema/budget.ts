import { z } from 'zod'
import { optional, text } from './words.ts'

const usd = z.number().min(0)

/** US dollars for a million tokens. */
const rates = z.strictObject({
  input: usd,
  output: usd,
  cache_read: optional(usd).describe('Left out, as input'),
  cache_write: optional(usd).describe('Left out, as input'),
  cache_write_1h: optional(usd).describe('Written to be kept for an hour; left out, as cache_write'),
})

/** `budget:` of team-compose.yaml. */
export const budget = z
  .strictObject({
    daily_usd_limit: optional(usd).describe('US dollars a day, the whole team; at it every agent is stopped until the next day'),
    run_usd_limit: optional(usd).describe('US dollars, each run of each agent; at it the agent is stopped until a person lets it go on'),
    warn_threshold_pct: optional(z.number().min(0).max(100)).describe('Warn at this share of a limit; 80 if left out, 100 for never'),
    message_ttl_hours: z.number().min(0).default(72).describe('How long acknowledged messages, and approvals that are over, are kept; gc removes them then'),
    per_project_usd_limit: z.record(text, usd).default({}).describe('US dollars a day, by project'),
    timezone: text.default('UTC').describe('Where days begin and end, such as Europe/Berlin'),
    prices: z.record(text, rates).default({}).describe('US dollars for a million tokens, by a model’s id or what ids begin with; they win over those that come along'),
    unknown_price: z.enum(['warn', 'stop']).default('warn').describe('At a model call of unknown price, where a limit binds: `warn` says so, `stop` stops the agent until the price is named'),
  })
  .prefault({})
  .describe('What the team may cost; docs/budgets.md')

/** `budget:` of one agent. */
export const agentBudget = z
  .strictObject({
    daily_usd_limit: optional(usd).describe('US dollars a day'),
    run_usd_limit: optional(usd).describe('US dollars, each run; left out, the team’s'),
  })
  .prefault({})
  .describe('What this agent may cost, besides the limits of its project and the team')
