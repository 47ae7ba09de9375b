import { z } from 'zod'
import { operation, type ToolContent } from './operation.ts'

/** Files that come with messages. Times are ms since the epoch. */

/** As lists show one; `id` is the number that read_attachment and `troupe attachment get` take. */
export const attached = z.object({
  id: z.int(),
  name: z.string().describe('As its sender called it, made safe to print; never a path'),
  mime: z.string().describe('By its first bytes'),
  bytes: z.int(),
})

/** Absolute or, from an agent, relative to its working directory. */
export const files = z.array(z.string().min(1).max(4096)).max(10)

const read = attached.extend({
  message: z.int().describe('Number of the message it came with'),
  from: z.string(),
  trust: z.string(),
  taint: z.array(z.string()),
  text: z.string().describe('What it is and where it comes from; below, in a fence, the words of a short text'),
  image: z.object({ mimeType: z.string(), data: z.string().describe('base64') }).nullable(),
  path: z.string().nullable().describe('Of a copy in your own folder, where it is neither a short text nor an image that you can see'),
})

export const attachments = {
  read_attachment: operation({
    about: 'Read a file that came with a message of yours, by its id: a text or an image is shown, of anything else you get the path of a copy.',
    who: ['agent'],
    tool: { readOnly: true, content: shown },
    input: z.object({ id: z.int().describe('As the message names it') }),
    output: read,
  }),
  'attachment.get': operation({
    about: 'Where the copy of an attachment is. The reader opens the file itself.',
    who: ['operator'],
    input: z.object({ id: z.int() }),
    output: attached.extend({ message: z.int(), from: z.string(), to: z.string(), sha256: z.string(), file: z.string() }),
  }),
} as const

function shown({ text, image }: z.infer<typeof read>): ToolContent[] {
  return [{ type: 'text', text }, ...(image === null ? [] : [{ type: 'image' as const, ...image }])]
}
