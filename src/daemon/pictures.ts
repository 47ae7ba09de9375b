import { showable, type Attachment } from '../core/attachment.ts'
import { TroupeError } from '../core/error.ts'
import type { Message } from '../core/message.ts'
import { pictureFault } from '../core/picture.ts'
import type { Picture } from '../core/runtime.ts'
import type { Store } from '../store/store.ts'
import { readKept } from './attachment-copies.ts'
import type { Attachments } from './attachments.ts'

interface Parts {
  store: Store
  attachments: Pick<Attachments, 'fileOf'>
  report(what: string, error: unknown): void
}

/** The pictures of a message that can be shown with it. One that cannot be read after all is a line of the journal. */
export function picturesOf(parts: Parts, message: Message, recipient: string): Picture[] {
  return showable(message.attachments).map((attachment) => ({
    n: attachment.n,
    mime: attachment.mime,
    read: async () => {
      try {
        return await readPicture(parts.attachments.fileOf(attachment.sha256), attachment)
      } catch (error) {
        await noted(parts, message, recipient, attachment, error)
        throw error
      }
    },
  }))
}

async function readPicture(file: string, attachment: Attachment): Promise<Buffer> {
  const content = await readKept(file, attachment)
  const fault = pictureFault(attachment.mime, content)
  if (fault === null) return content
  throw new TroupeError('failed', `the picture of attachment ${attachment.n} cannot be shown: ${fault}`, { hint: 'send it again as another kind of file', facts: { id: attachment.n } })
}

/** The message goes on without it: that this cannot be written down does not hold it up either. */
async function noted({ store, report }: Parts, { id, n }: Message, recipient: string, attachment: Attachment, error: unknown): Promise<void> {
  const why = error instanceof Error ? error.message : String(error)
  await store
    .write(async (tx) => void (await tx.journal({ type: 'attachment.not-shown', subject: id, agent: recipient, data: { n, id: attachment.n, why } })))
    .catch((cause: unknown) => report(`picture ${attachment.n} of mail #${n} could not be shown (${why}), and that could not be written down`, cause))
}
