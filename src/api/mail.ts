import { z } from 'zod'
import { attached, files } from './attachment.ts'
import { operation } from './operation.ts'

/**
 * Mail. The tools keep the names, arguments and results that teamctl's agents know: integers for ids,
 * seconds for times. The operators' operations use UUIDs and milliseconds.
 */

const inboxMessage = z.object({
  id: z.int().describe('Number of the message; pass it to inbox_read and inbox_ack'),
  project_id: z.string(),
  sender: z.string(),
  recipient: z.string(),
  text: z.string(),
  thread_id: z.string().nullable(),
  sent_at: z.number().describe('Unix seconds'),
  trust: z.enum(['operator', 'lead', 'peer', 'bridged', 'external']),
  taint: z.array(z.string()).describe('Where its content may come from besides its sender, such as bridge:3'),
  attachments: z.array(attached).describe('Files that came with it; read them with read_attachment'),
  telegram_msg_id: z.int().optional().describe('Of a message that a person wrote in Telegram; for react_to_user'),
})

const inbox = z.object({ messages: z.array(inboxMessage) })
const ids = z.array(z.int()).max(1000).describe('Message numbers')
const attachments = files.optional().describe('Files to send along: paths below your working directory, or another folder that your team allows')
/** A daemon of before 0.2 does not say. */
const listedWith = z.array(attached).optional()
/** Of an agent or a channel; longer than any that a team’s files can hold. */
const name = z.string().max(500)
const priority = z.enum(['urgent', 'normal', 'low'])
const text = z.string().min(1, 'the message is empty')
const key = z.string().min(1).max(200).optional().describe('Your own key: a repeated send with the same key returns the first id')

export const mail = {
  whoami: operation({
    about: 'Who you are: your address in the team, `project:agent`.',
    who: ['agent'],
    tool: { readOnly: true, text: (output: { agent: string }) => output.agent },
    input: z.object({}),
    output: z.object({ agent: z.string(), project: z.string(), role: z.enum(['manager', 'worker']), incarnation: z.string() }),
  }),
  dm: operation({
    about: 'Send a message to one agent. `to` is its short name in your project or `project:agent`.',
    who: ['agent'],
    tool: { readOnly: false },
    input: z.object({ to: name, text, thread_id: z.string().max(200).optional(), priority: priority.optional(), key, attachments }),
    output: z.object({ id: z.int(), recipient: z.string() }),
  }),
  broadcast: operation({
    about: 'Send a message to every other member of a channel you belong to.',
    who: ['agent', 'operator'],
    tool: { readOnly: false },
    input: z.object({ channel: name, text, thread_id: z.string().max(200).optional(), priority: priority.optional(), key, attachments }),
    output: z.object({
      id: z.int(),
      channel: z.string(),
      recipients: z.array(z.string()),
      tokens: z.int().describe('What reading it costs all of them together, roughly: a token for four bytes'),
    }),
  }),
  escalate: operation({
    about: 'Send a message up the chain, to the manager you report to. Use it when you are stuck, or when something is not yours to decide.',
    who: ['agent'],
    tool: { readOnly: false },
    input: z.object({ text, thread_id: z.string().max(200).optional(), priority: priority.optional(), key, attachments }),
    output: z.object({ id: z.int(), recipient: z.string() }),
  }),
  inbox_peek: operation({
    about: 'All your messages that you have not acknowledged yet, oldest first, up to 1 MiB at a time. Changes nothing.',
    who: ['agent'],
    tool: { readOnly: true },
    input: z.object({ limit: z.int().min(1).max(100).default(20) }),
    output: inbox,
  }),
  inbox_read: operation({
    about: 'Fetch messages by number and acknowledge them in one call. Numbers that are not yours, or done already, are skipped. What goes beyond 1 MiB stays: ask for it again.',
    who: ['agent'],
    tool: { readOnly: false },
    input: z.object({ ids: ids.min(1) }),
    output: inbox,
  }),
  inbox_watch: operation({
    about: 'Wait for new messages; returns at once if there are any, else after timeout_ms with none. At most 45 s a call.',
    who: ['agent'],
    tool: { readOnly: true },
    input: z.object({ timeout_ms: z.int().min(0).default(15_000) }),
    output: inbox,
  }),
  inbox_ack: operation({
    about: 'Say that you are done with these messages. Only your own count.',
    who: ['agent'],
    tool: { readOnly: false },
    input: z.object({ ids }),
    output: z.object({ acked: z.int() }),
  }),
  list_team: operation({
    about: 'The agents of your project.',
    who: ['agent'],
    tool: { readOnly: true },
    input: z.object({}),
    output: z.object({ agents: z.array(z.string()) }),
  }),
  org_chart: operation({
    about: 'Managers and workers of your project, and who reports to whom.',
    who: ['agent'],
    tool: { readOnly: true },
    input: z.object({}),
    output: z.object({
      project: z.string(),
      managers: z.array(z.object({ id: z.string(), role: z.string(), runtime: z.string() })),
      workers: z.array(z.object({ id: z.string(), role: z.string(), runtime: z.string(), reports_to: z.string().nullable() })),
    }),
  }),
  send: operation({
    about: 'Send a message to an agent or a #channel as the operator.',
    who: ['operator'],
    input: z.object({ to: name, text, priority: priority.default('normal'), key, thread: z.string().max(200).optional(), attachments: files.optional().describe('Absolute paths of files to send along') }),
    output: z.object({
      id: z.string(),
      n: z.int(),
      deliveries: z.array(z.object({ to: z.string(), state: z.string() })),
      /** Address of the agent, or of the channel with its project; absent from older daemons. */
      to: z.string().optional(),
      /** What reading it costs all recipients together, roughly: a token for four bytes. */
      tokens: z.int().optional(),
    }),
  }),
  mail: operation({
    about: 'Messages of an agent (to and from it), or of the whole team, newest first.',
    who: ['operator'],
    input: z.object({ agent: name.optional(), limit: z.int().min(1).max(1000).default(50), unread: z.boolean().default(false) }),
    output: z.array(
      z.object({
        id: z.string(),
        n: z.int(),
        from: z.string(),
        to: z.string(),
        /** Names for people of those who have one; absent from older daemons. */
        fromName: z.string().nullable().optional(),
        toName: z.string().nullable().optional(),
        text: z.string(),
        state: z.string(),
        proof: z.string().nullable(),
        sentAt: z.number(),
        attachments: listedWith,
      }),
    ),
  }),
  'explain.message': operation({
    about: 'The whole story of one message: every step of every delivery, with its proof.',
    who: ['operator'],
    input: z.object({ id: z.string().describe('UUID or number') }),
    output: z.object({
      id: z.string(),
      n: z.int(),
      from: z.string(),
      to: z.string(),
      text: z.string(),
      sentAt: z.number(),
      attachments: listedWith,
      deliveries: z.array(
        z.object({
          to: z.string(),
          state: z.string(),
          proof: z.string().nullable(),
          steps: z.array(z.object({ at: z.number(), what: z.string(), by: z.string() })),
        }),
      ),
    }),
  }),
} as const
