import type { Message, Update, User } from 'grammy/types'
import type { Incoming, IncomingFile } from '../../core/gateway.ts'

/** What a person did. */
export function incoming(update: Update): Incoming {
  const base = { position: update.update_id, key: String(update.update_id) }
  const press = update.callback_query
  if (press !== undefined) {
    const message = press.message ?? null
    return {
      ...base,
      chat: chatOf(message?.chat),
      user: person(press.from),
      did: { kind: 'press', press: press.id, data: press.data ?? '', message: message === null ? null : String(message.message_id) },
    }
  }
  const { message } = update
  if (message === undefined) return { ...base, chat: { id: '0', kind: 'group' }, user: null, did: { kind: 'other', what: 'an update without a message' } }
  return { ...base, chat: chatOf(message.chat), user: person(message.from), did: said(message) }
}

function chatOf(chat: { id: number; type: string } | undefined): Incoming['chat'] {
  return { id: String(chat?.id ?? 0), kind: chat?.type === 'private' ? 'private' : 'group' }
}

/** Who writes in the name of a group is a bot to the platform: nobody in particular. */
function person(user: User | undefined): Incoming['user'] {
  if (user === undefined || user.is_bot) return null
  return { id: String(user.id), name: [user.first_name, user.last_name].filter((part) => part !== undefined && part !== '').join(' ') || user.username || 'nameless' }
}

function said(message: Message): Incoming['did'] {
  const about = {
    message: String(message.message_id),
    replyTo: message.reply_to_message === undefined ? null : String(message.reply_to_message.message_id),
    forwarded: message.forward_origin !== undefined,
  }
  const file = fileOf(message)
  if (file !== null) return { kind: 'file', file, caption: message.caption ?? '', ...about }
  if (message.text !== undefined) return { kind: 'text', text: message.text, ...about }
  return { kind: 'other', what: message.sticker === undefined ? 'something that is neither text nor a file' : `the sticker ${message.sticker.emoji ?? ''}`.trimEnd() }
}

interface Sendable {
  file_id: string
  file_unique_id: string
  file_size?: number
  file_name?: string
}

function fileOf(message: Message): IncomingFile | null {
  const photo = message.photo?.at(-1)
  if (photo !== undefined) return named(photo, 'jpg')
  const others: [Sendable | undefined, string][] = [
    [message.animation, 'mp4'],
    [message.document, 'bin'],
    [message.voice, 'ogg'],
    [message.audio, 'mp3'],
    [message.video, 'mp4'],
    [message.video_note, 'mp4'],
  ]
  const [file, extension] = others.find(([each]) => each !== undefined) ?? []
  return file === undefined ? null : named(file, extension ?? 'bin')
}

function named(file: Sendable, extension: string): IncomingFile {
  return { ref: file.file_id, name: file.file_name ?? `${file.file_unique_id}.${extension}`, bytes: file.file_size ?? null }
}
