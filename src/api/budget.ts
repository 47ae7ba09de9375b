import { z } from 'zod'
import { operation } from './operation.ts'

/** Money. Decimal strings of US dollars; times are ms since the epoch. */

const usd = z.string()
const scope = z.enum(['team', 'project', 'agent'])

export const usageRow = z.object({
  agent: z.string(),
  model: z.string(),
  tokens: z.object({ input: z.int(), output: z.int(), cacheRead: z.int(), cacheWrite: z.int() }),
  usd: usd.nullable().describe('Of the calls whose price is known; null if it is known of none'),
  calls: z.int(),
  unpriced: z.int().describe('Calls whose price is not known: not in usd'),
  chain: z.string().optional().describe('The mail chain it was for, where that was asked for'),
})
export type UsageRow = z.infer<typeof usageRow>

const row = z.object({
  scope,
  id: z.string().describe('team, a project’s id, or an agent’s address'),
  usd: usd.describe('Spent since the day began, or by the run'),
  limit: usd.nullable(),
  messages: z.int().describe('Since the day began'),
  approvals: z.int(),
  agents: z.int(),
  state: z.enum(['ok', 'warn', 'stop', 'no limit']),
  /** Agents that are kept from working. */
  stopped: z.int(),
  over: usd.nullable().describe('What the calls under way at the limit cost beyond it'),
  unpriced: z.int().describe('Calls whose price is not known: not in usd'),
  rule: z.string().nullable().describe('The key that sets the limit, and its place'),
  until: z.number().describe('When the day ends, ms'),
  unlimited: z.int().describe('Of its agents, those that nothing limits at all'),
  period: z.enum(['day', 'run']).optional().describe('Of an agent’s own limit'),
})
export type BudgetRow = z.infer<typeof row>

export const budgets = {
  usage: operation({
    about: 'Tokens and what they cost, by agent and model.',
    who: ['operator'],
    input: z.object({
      project: z.string().max(500).optional(),
      agent: z.string().max(500).optional(),
      model: z.string().max(500).optional(),
      chain: z.string().max(500).optional().describe('Id of the message that the chain began with'),
      since: z.number().optional().describe('ms since the epoch'),
      day: z.string().max(40).optional().describe('Of one day of the budget’s time zone, such as 2026-11-21, instead of `since`'),
      by: z.enum(['chain']).optional(),
    }),
    output: z.array(usageRow),
  }),
  budget: operation({
    about: 'What the team, each project and each agent with a limit has spent today, and what it may.',
    who: ['operator'],
    input: z.object({ project: z.string().max(500).optional() }),
    output: z.array(row),
  }),
  'budget.allow': operation({
    about: 'Allow the team, a project or an agent more for the rest of the day; what its limit stopped goes on.',
    who: ['operator'],
    input: z.object({ scope, id: z.string().max(500), usd: z.string().max(40) }),
    output: z.object({ scope, id: z.string(), limit: usd, day: z.string() }),
  }),
  budget_left: operation({
    about: 'What you have spent today and may still spend, in US dollars. At a limit you are stopped in the middle of your turn. No limits listed: nothing limits you.',
    who: ['agent'],
    tool: { readOnly: true },
    input: z.object({}),
    output: z.object({
      spent_today: usd,
      limits: z.array(z.object({ scope, period: z.enum(['day', 'run']), limit: usd, spent: usd, left: usd })),
    }),
  }),
} as const
