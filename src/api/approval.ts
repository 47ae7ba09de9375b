import { z } from 'zod'
import { operation } from './operation.ts'

/** Approvals. `request_approval` keeps the arguments and results that teamctl's agents know. */

const status = z.enum(['pending', 'approved', 'used', 'denied', 'expired'])

const approval = z.object({
  id: z.string(),
  n: z.int(),
  agent: z.string(),
  project: z.string(),
  action: z.string().describe('Name of the sensitive action, or several'),
  scope: z.string().nullable(),
  summary: z.string(),
  exact: z.string().describe('What is decided on, as canonical JSON'),
  hash: z.string().optional().describe('SHA-256 that binds the verdict to it, with its agent and folder; since 0.2.0'),
  origin: z.enum(['asked', 'held']).describe('asked: by the agent’s tool; held: a rule stopped the call'),
  status,
  requestedAt: z.number(),
  expiresAt: z.number(),
  decidedAt: z.number().nullable(),
  decidedBy: z.string().nullable(),
  note: z.string().nullable(),
  taint: z.array(z.string()).describe('What of others’ words its conversation held, such as bridge:3 or web: no window counts then'),
})

export const approvals = {
  request_approval: operation({
    about:
      'Ask a person to allow one action; without an answer in time it is denied. Waits for the verdict, or returns at once with wait=false: the verdict then comes as mail, and the same request returns it once. With payload {"tool": …, "input": …} the approval is for exactly that tool call.',
    who: ['agent'],
    tool: { readOnly: false },
    input: z.object({
      action: z.string().min(1).max(200).describe('Such as publish, release, deploy'),
      summary: z.string().min(1).max(4000).describe('What for, in one sentence for a person'),
      scope_tag: z.string().max(200).optional(),
      payload: z.record(z.string(), z.unknown()).optional(),
      ttl_seconds: z.int().min(30).max(3600).default(900),
      wait: z.boolean().default(true),
    }),
    output: z.object({
      id: z.int(),
      status: z.enum(['pending', 'approved', 'denied', 'expired']),
      note: z.string().nullable(),
      delivered_at: z.number().describe('Since when people are shown it, Unix seconds'),
    }),
  }),
  'approval.list': operation({
    about: 'What waits for a person, newest first; with `all` also what was decided.',
    who: ['operator'],
    input: z.object({ agent: z.string().max(500).optional(), all: z.boolean().default(false), limit: z.int().min(1).max(1000).default(200) }),
    output: z.array(approval),
  }),
  'approval.show': operation({
    about: 'One approval, with the exact action that is decided on.',
    who: ['operator'],
    input: z.object({ id: z.string().describe('UUID or number') }),
    output: approval,
  }),
  'approval.decide': operation({
    about: 'Approve or deny one pending request. Nobody decides it a second time.',
    who: ['operator'],
    input: z.object({ id: z.string().describe('UUID or number'), verdict: z.enum(['approve', 'deny']), note: z.string().max(4000).optional(), proof: z.string().max(200).optional().describe('Of the team’s passphrase, for this very approval') }),
    output: approval,
  }),
  'approval.passphrase': operation({
    about: 'Set what proofs of the team’s passphrase are checked with. The passphrase itself is not sent.',
    who: ['operator'],
    input: z.object({
      salt: z.string().regex(/^[0-9a-f]{32}$/),
      cost: z.int().min(16_384).max(1_048_576),
      stored: z.string().regex(/^[0-9a-f]{64}$/),
      proof: z.string().max(200).optional().describe('Of the one so far'),
    }),
    output: z.object({ set: z.literal(true) }),
  }),
} as const
