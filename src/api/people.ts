import { z } from 'zod'
import { operation } from './operation.ts'

/** People: what managers say to them, and the gateways that carry it. The tools keep the arguments and results that teamctl's agents know. */

const source = z
  .object({
    source: z.enum(['path', 'url']),
    value: z.string().min(1).max(4096).describe('A file, or an https address that the platform fetches itself'),
    caption: z.string().max(64 * 1024).optional(),
  })

const gateway = z.object({
  gateway: z.string(),
  type: z.string(),
  manager: z.string().nullable().describe('Whose people it is for; null: the whole team’s'),
  state: z.enum(['off', 'connecting', 'on', 'failing']),
  name: z.string().nullable().describe('What it is called on its platform'),
  why: z.string().nullable(),
  hint: z.string().nullable(),
  chats: z.int().describe('Chats that may use it; 0 means that nobody may'),
  queued: z.int(),
  position: z.int().nullable().describe('Up to where the platform’s messages are done with'),
})

export const people = {
  reply_to_user: operation({
    about: 'Answer the person who writes to you in a chat: text (Markdown), an image, a file, or several of them. Managers only.',
    who: ['agent'],
    tool: { readOnly: false },
    input: z.object({
      text: z.string().optional(),
      image: source.optional(),
      file: source.optional(),
      thread_id: z.string().max(200).optional(),
      reply_to_message_id: z.int().optional().describe('Number of the message it answers: it is shown below that one'),
    }),
    output: z.object({ id: z.int(), ids: z.array(z.int()), recipient: z.string() }),
  }),
  react_to_user: operation({
    about: 'React with one emoji to a message of the person; telegram_msg_id stands in its envelope. Managers only.',
    who: ['agent'],
    tool: { readOnly: false },
    input: z.object({ telegram_msg_id: z.int(), emoji: z.string().min(1).max(32) }),
    output: z.object({ id: z.int(), recipient: z.string(), telegram_msg_id: z.int(), emoji: z.string() }),
  }),
  'gateway.list': operation({
    about: 'Ways to people, how each does, and what waits to go out.',
    who: ['operator'],
    input: z.object({}),
    output: z.array(gateway),
  }),
  'gateway.check': operation({
    about: 'The same, after asking each platform now.',
    who: ['operator'],
    input: z.object({}),
    output: z.array(gateway.extend({ ok: z.boolean(), warnings: z.array(z.string()) })),
  }),
} as const
