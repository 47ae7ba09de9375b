import { z } from 'zod'
import { operation } from './operation.ts'

/** The journal as evidence: read, checked, carried away. Lines come whole, with their place in the chain. */

const line = z.object({
  stream: z.string(),
  seq: z.int(),
  at: z.number(),
  type: z.string(),
  subject: z.string(),
  agent: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
  prev: z.string().describe('Hash of the line before it in its stream'),
  hash: z.string(),
})
export type AuditLine = z.infer<typeof line>

const since = z.number().optional().describe('ms since the epoch')

export const audit = {
  'audit.log': operation({
    about: 'The newest lines of the journal that match, oldest first, with their place in the chain.',
    who: ['operator'],
    input: z.object({
      agent: z.string().optional(),
      since,
      type: z.string().optional().describe('A type such as agent.phase, or a family such as agent'),
      limit: z.int().min(1).max(1_000).default(200),
    }),
    output: z.array(line),
  }),
  'audit.verify': operation({
    about: 'Recompute the hash chain of the whole journal and compare it with what was noted outside the database.',
    who: ['operator'],
    input: z.object({ head: z.string().max(500).optional().describe('A head that was kept: a line of audit.head, or its hash') }),
    output: z.object({
      ok: z.boolean(),
      events: z.int().nullable().describe('Lines that were checked; null if it is broken'),
      stream: z.string().nullable().describe('Where it is broken'),
      seq: z.int().nullable(),
      why: z.string().nullable(),
      head: z.enum(['found', 'pruned']).nullable().describe('Of the kept head; pruned: it lies before a checkpoint, and cannot be compared any more'),
    }),
  }),
  'audit.head': operation({
    about: 'Where the journal ends now: to be kept where nobody who can write the database can write.',
    who: ['operator'],
    input: z.object({}),
    output: z.array(z.object({ stream: z.string(), seq: z.int(), hash: z.string(), head: z.string().describe('All three in one line') })),
  }),
  'audit.export': operation({
    about: 'One page of the journal from a cursor on, oldest first.',
    who: ['operator'],
    input: z.object({ cursor: z.string().nullable().default(null), since, limit: z.int().min(1).max(500).default(200) }),
    output: z.object({
      events: z.array(line),
      /** For the next page; null where this was the last. */
      cursor: z.string().nullable(),
      pruned: z.boolean().describe('Lines before these were removed behind a checkpoint'),
    }),
  }),
} as const
