import { z } from 'zod'
import { operation } from './operation.ts'

export const daemon = {
  'daemon.status': operation({
    about: 'The daemon itself: process, root, address, what it has done.',
    who: ['operator'],
    input: z.object({}),
    output: z.object({
      pid: z.int(),
      root: z.string(),
      since: z.number(),
      address: z.string().describe('Loopback URL'),
      version: z.string(),
      protocol: z.int(),
      keeper: z.int().nullable().describe('Process id of the keeper'),
      agents: z.int(),
      store: z.string(),
    }),
  }),
  'daemon.check': operation({
    about: 'A quick integrity check of the database, beside the daemon’s own work.',
    who: ['operator'],
    input: z.object({}),
    output: z.object({ ok: z.boolean(), why: z.string() }),
  }),
  'daemon.scrub': operation({
    about: 'A text without the values that the daemon holds for agents, and without what looks like a secret.',
    who: ['operator'],
    input: z.object({ text: z.string().max(256 * 1024) }),
    output: z.object({ text: z.string() }),
  }),
  'daemon.held': operation({
    about: 'Which of these variables the daemon holds for agents since the last `up`: the end of each value, never the value.',
    who: ['operator'],
    input: z.object({ names: z.array(z.string().max(200)).max(10_000) }),
    output: z.array(z.object({ name: z.string(), masked: z.string() })),
  }),
  'daemon.stop': operation({
    about: 'Stop the daemon. Agents go on and are adopted by the next one.',
    who: ['operator'],
    input: z.object({}),
    output: z.object({ pid: z.int() }),
  }),
  'daemon.token': operation({
    about: 'A token for the HTTP API, good until the daemon’s root is removed.',
    who: ['operator'],
    input: z.object({}),
    output: z.object({ url: z.string(), token: z.string() }),
  }),
} as const
