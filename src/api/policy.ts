import { z } from 'zod'
import { operation } from './operation.ts'

/** The graph of who may write to whom, asked of the same rules that judge every send. */

const files = z.boolean().default(false).describe('Of the team as its files say now, instead of the one that was brought up')

export const policy = {
  policy: operation({
    about: 'Who may write to whom directly and over open bridges, and whom words can reach if those between pass them on.',
    who: ['operator'],
    input: z.object({ files }),
    output: z.object({
      agents: z.array(z.string()),
      edges: z.array(z.object({ from: z.string(), to: z.string(), ways: z.array(z.string()).describe('dm, #channel, escalate, bridge:N') })),
      reach: z.array(
        z.object({ from: z.string(), to: z.string(), path: z.array(z.string()), bridged: z.boolean().describe('There is no way without a bridge') }),
      ),
      channels: z.array(z.object({ channel: z.string(), members: z.int(), senders: z.array(z.string()), copies: z.int().describe('Deliveries that one broadcast of a sender makes') })),
    }),
  }),
  'policy.test': operation({
    about: 'Judge expectations about the graph: NAME can [never] dm|broadcast on|escalate to|reach NAME.',
    who: ['operator'],
    input: z.object({ expect: z.array(z.string().max(1_000)).min(1).max(1_000), files }),
    output: z.array(z.object({ expect: z.string(), ok: z.boolean(), why: z.string() })),
  }),
} as const
