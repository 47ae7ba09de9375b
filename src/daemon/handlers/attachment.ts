import { randomBytes } from 'node:crypto'
import { acting } from '../../core/duty.ts'
import { fenced, headerOf, isImage, listed, mostShownImage, mostShownText } from '../../core/attachment.ts'
import { pictureFault } from '../../core/picture.ts'
import { copyForAgent, readKept, removeCopies } from '../attachment-copies.ts'
import { unknownAttachment } from '../attachments.ts'
import type { Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'
import { self } from './tools.ts'

/** Files that came with messages: who may read them, and how they are shown. */
export function attachments(parts: Parts): Pick<Handlers, 'read_attachment' | 'attachment.get'> {
  return {
    read_attachment: async ({ id }, { caller }) => {
      const { agent } = self(parts, caller)
      const { attachment, message, file } = await parts.attachments.open(id)
      const isTheirs = message.from === agent.address || (await parts.store.read((db) => db.deliveries.get(message.id, agent.address))) !== undefined
      if (!isTheirs) throw unknownAttachment(id)
      const { mime, bytes } = attachment
      const { n, from, trust, taint } = message
      const header = headerOf(attachment, message)
      const facts = { ...listed(attachment), message: n, from, trust, taint, text: `[${header}]`, image: null, path: null }
      if (mime === 'text/plain' && bytes <= mostShownText) return { ...facts, text: fenced(header, (await readKept(file, attachment)).toString(), randomBytes(6).toString('hex')) }
      const canSee = isImage(mime) && bytes <= mostShownImage && (await parts.runtimeOf(acting(agent, parts.agents.get(agent.address)))).abilities.images.tool
      const picture = canSee ? await readKept(file, attachment) : null
      if (picture !== null && pictureFault(mime, picture) === null) return { ...facts, image: { mimeType: mime, data: picture.toString('base64') } }
      const folder = parts.paths.agentFolder(agent.project, agent.id)
      removeCopies(folder, parts.clock.now() - parts.team().attachments.tempfileTtlMs)
      const path = await copyForAgent(folder, attachment, file)
      return { ...facts, text: `[${header}]\nA copy for you: ${path}`, path }
    },
    'attachment.get': async ({ id }) => {
      const { attachment, message, file } = await parts.attachments.open(id)
      return { ...listed(attachment), message: message.n, from: message.from, to: message.to, sha256: attachment.sha256, file }
    },
  }
}
