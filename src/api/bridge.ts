import { z } from 'zod'
import { defaultBridgeMinutes, longestBridgeMinutes } from '../core/bridge.ts'
import { operation } from './operation.ts'

/** Bridges between managers of different projects. */

const name = z.string().max(500)
const id = z.string().describe('UUID or number')

const bridge = z.object({
  id: z.string(),
  n: z.int(),
  from: z.string(),
  to: z.string(),
  topic: z.string(),
  oneWay: z.boolean(),
  state: z.enum(['open', 'expired', 'closed']),
  openedAt: z.number(),
  expiresAt: z.number(),
  closedAt: z.number().nullable(),
  closedBy: z.string().nullable().describe('`expiry` where nobody closed it, `team` where one of the two left the team or is no manager any more'),
  logUntil: z.number().nullable().describe('Its log is kept at least until then; null while it is open'),
})

export const bridges = {
  'bridge.open': operation({
    about: 'Let two managers of different projects write to each other for a while. It closes by itself.',
    who: ['operator'],
    input: z.object({
      from: name,
      to: name,
      topic: z.string().min(1, 'a bridge has a topic').max(500),
      ttlMinutes: z.number().min(1 / 60).max(longestBridgeMinutes).default(defaultBridgeMinutes),
      oneWay: z.boolean().default(false).describe('Only `from` writes to `to`'),
    }),
    output: bridge,
  }),
  'bridge.close': operation({
    about: 'Close a bridge before its time. What was sent over it still arrives.',
    who: ['operator'],
    input: z.object({ id }),
    output: bridge,
  }),
  'bridge.list': operation({
    about: 'Bridges, newest first.',
    who: ['operator'],
    input: z.object({ limit: z.int().min(1).max(1000).default(200) }),
    output: z.array(bridge),
  }),
  'bridge.log': operation({
    about: 'What was said over a bridge, oldest first; kept for a day after its end.',
    who: ['operator'],
    input: z.object({ id }),
    output: z.object({
      bridge,
      messages: z.array(z.object({ id: z.string(), n: z.int(), from: z.string(), to: z.string(), text: z.string(), sentAt: z.number() })),
    }),
  }),
} as const
