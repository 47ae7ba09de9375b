import { z } from 'zod'
import { operation } from './operation.ts'

/** Why something is as it is. Times are ms since the epoch. */

const evidence = z.object({ at: z.number(), what: z.string(), source: z.string() })
const event = z.object({ at: z.number(), type: z.string(), subject: z.string(), agent: z.string().nullable(), data: z.record(z.string(), z.unknown()) })
const letter = z.object({
  id: z.string(),
  n: z.int(),
  from: z.string(),
  sentAt: z.number(),
  state: z.string(),
  /** What it waits for; null where nothing holds it. */
  waitsFor: z.string().nullable(),
})

export const explain = {
  'explain.agent': operation({
    about: 'Why an agent is in its state: evidence, the way there, its mail, what happens next, what a person can do.',
    who: ['operator'],
    input: z.object({ agent: z.string(), events: z.int().min(1).max(1_000).default(25).describe('Lines of the journal') }),
    output: z.object({
      agent: z.string(),
      phase: z.string(),
      detail: z.string(),
      since: z.number(),
      wanted: z.enum(['running', 'stopped']),
      incarnation: z.string().nullable(),
      evidence: z.array(evidence),
      /** What led here: phases, launches, ends, requests; mail is told apart. Oldest first. */
      events: z.array(event),
      notices: z.array(z.string()).describe('What the runtime said at the last launch'),
      restarts: z.object({
        mode: z.string(),
        count: z.int(),
        failures: z.array(z.number()).describe('Times of the failures that still count'),
        quarantineAt: z.int().describe('As many of them lead to quarantine'),
      }),
      mail: z.object({ open: z.array(letter).describe('Queued, or delivered and not acknowledged; oldest first'), total: z.int() }),
      next: z.object({ what: z.string(), at: z.number().nullable() }),
      todo: z.array(z.string()).describe('What a person can do'),
      screen: z.array(z.string()).describe('Last lines of its terminal while it has one'),
      /** Absent from older daemons. */
      looks: z.enum(['idle', 'busy', 'waiting']).nullable().optional().describe('What its screen alone would say; null: nothing. The evidence above counts more'),
    }),
  }),
} as const
