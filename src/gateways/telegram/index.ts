import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Api, GrammyError, InputFile } from 'grammy/web'
import type { ReactionTypeEmoji } from 'grammy/types'
import { TroupeError } from '../../core/error.ts'
import type { Button, Content, FileSource, Gateway, Identity, Incoming, Polled, Progress, Sendable } from '../../core/gateway.ts'
import type { GatewayContext } from '../index.ts'
import { explain } from './faults.ts'
import { incoming } from './incoming.ts'
import { markup, type Piece } from './markup.ts'
import { split } from './split.ts'

/** From the Bot API's own pages: UTF-16 code units, bytes, messages. */
const longestText = 4096
const longestCaption = 1024
const largestPhoto = 10 * 1024 * 1024
const carries = { files: true, reactions: true, buttons: true, edits: true, fileBytes: 50 * 1024 * 1024, perSecond: 30, perChatPerSecond: 1, burst: 10 }
const usualRoot = 'https://api.telegram.org'

/** How long the platform holds a question for news, seconds; a connection that says nothing for longer is dead. */
const pollSeconds = 50
const deadAfterSeconds = 75
/** An upload may take its time. */
const callSeconds = 300

type Raw = Api['raw']
type Signal = NonNullable<Parameters<Raw['getMe']>[0]>
type Extra = { chat_id: number | string; disable_notification: boolean; reply_parameters?: { message_id: number; allow_sending_without_reply: true } }

/** One bot, over the Bot API. */
export class Telegram implements Gateway {
  readonly type = 'telegram'
  readonly carries = carries
  readonly inbound: Polled
  readonly #calls: Raw
  readonly #polls: Raw
  readonly #files: string

  constructor({ secret, url }: GatewayContext) {
    const root = (url ?? usualRoot).replace(/\/+$/, '')
    // A body that is a stream says so in Node; the library does not know.
    const config = { apiRoot: root, baseFetchConfig: { duplex: 'half' } }
    this.#calls = new Api(secret, { ...config, timeoutSeconds: callSeconds }).raw
    this.#polls = new Api(secret, { ...config, timeoutSeconds: deadAfterSeconds }).raw
    this.#files = `${root}/file/bot${secret}`
    this.inbound = {
      by: 'poll',
      menu: (commands, signal) => this.#menu(commands, signal),
      receive: (position, signal) => this.#receive(position, signal),
      answer: (press, text, alert, signal) => this.#answer(press, text, alert, signal),
      download: (file, limit, signal) => this.#download(file, limit, signal),
    }
  }

  async identify(signal: AbortSignal): Promise<Identity> {
    const me = await this.#try('getMe', signal, (until) => this.#calls.getMe(until))
    const hook = await this.#try('getWebhookInfo', signal, (until) => this.#calls.getWebhookInfo(until))
    const warnings = hook.url === undefined || hook.url === '' ? [] : ['a webhook is set for this bot: nothing can be asked for; deleteWebhook of the Bot API removes it']
    return { id: String(me.id), name: `@${me.username}`, warnings }
  }

  async send({ chat, silent, content }: Sendable, progress: Progress, signal: AbortSignal): Promise<void> {
    const to: Extra = { chat_id: /^-?\d+$/.test(chat) ? Number(chat) : chat, disable_notification: silent }
    switch (content.kind) {
      case 'text':
        return await this.#text(content, to, progress, signal)
      case 'file':
        return await this.#file(content, to, progress, signal)
      case 'reaction': {
        const reaction = [{ type: 'emoji' as const, emoji: content.emoji as ReactionTypeEmoji['emoji'] }]
        await this.#try('a reaction', signal, (until) => this.#calls.setMessageReaction({ chat_id: to.chat_id, message_id: Number(content.message), reaction }, until))
        return
      }
      case 'edit':
        return await this.#edit(content, to, signal)
    }
  }

  async #text(content: Content & { kind: 'text' }, to: Extra, progress: Progress, signal: AbortSignal): Promise<void> {
    const whole: Piece = content.format === 'markdown' ? markup(content.text) : { text: content.text, entities: [] }
    const pieces = split(whole, longestText)
    if (pieces.length === 0) throw new TroupeError('failed', 'the text has no visible character')
    await this.#pieces(pieces, { ...to, ...replyTo(content.replyTo) }, content.buttons, progress, signal)
  }

  /** `to` is for the first of all pieces; the buttons come below the last one. */
  async #pieces(pieces: Piece[], to: Extra, buttons: Button[], progress: Progress, signal: AbortSignal): Promise<void> {
    const keyboard = { inline_keyboard: [buttons.map(({ label, data }) => ({ text: label, callback_data: data }))] }
    for (const [at, { text, entities }] of pieces.entries()) {
      if (at < progress.done) continue
      const { reply_parameters: reply, ...rest } = to
      const more = { ...(at === 0 && reply !== undefined ? { reply_parameters: reply } : {}), ...(at === pieces.length - 1 && buttons.length > 0 ? { reply_markup: keyboard } : {}) }
      const sent = await this.#try('a message', signal, (until) => this.#calls.sendMessage({ ...rest, text, entities, link_preview_options: { is_disabled: true }, ...more }, until))
      await progress.part(String(sent.message_id))
    }
  }

  /** What is too long for a caption follows as text. */
  async #file(content: Content & { kind: 'file' }, to: Extra, progress: Progress, signal: AbortSignal): Promise<void> {
    const [caption, ...rest] = split(markup(content.caption), longestCaption)
    if (progress.done === 0) {
      const beside = caption === undefined ? {} : { caption: caption.text, caption_entities: caption.entities }
      const sent = await this.#upload(content, { ...to, ...replyTo(content.replyTo), ...beside }, signal)
      await progress.part(String(sent.message_id))
    }
    const texts = split(joined(rest), longestText)
    await this.#pieces(texts, to, [], { ...progress, done: Math.max(0, progress.done - 1) }, signal)
  }

  async #upload({ as, source }: Content & { kind: 'file' }, to: Extra & { caption?: string }, signal: AbortSignal): Promise<{ message_id: number }> {
    const name = 'url' in source ? new URL(source.url).pathname : source.name
    const size = 'path' in source ? await sizeOf(source.path) : 0
    const photo = as === 'image' && size <= largestPhoto
    const asDocument = () => this.#try('a file', signal, (until) => reading(source, (document) => this.#calls.sendDocument({ ...to, document }, until)))
    if (!photo) return await asDocument()
    if (/\.gif$/i.test(name)) return await this.#try('an image', signal, (until) => reading(source, (animation) => this.#calls.sendAnimation({ ...to, animation }, until)))
    try {
      return await reading(source, (image) => this.#calls.sendPhoto({ ...to, photo: image }, known(signal)))
    } catch (error) {
      // Too wide, too high, or nothing that it can draw: a file it still is.
      if (error instanceof GrammyError && error.error_code === 400 && /PHOTO|IMAGE/.test(error.description)) return await asDocument()
      throw explain(error, 'an image')
    }
  }

  async #edit({ message, text }: Content & { kind: 'edit' }, { chat_id }: Extra, signal: AbortSignal): Promise<void> {
    const [piece] = split({ text, entities: [] }, longestText)
    try {
      await this.#calls.editMessageText({ chat_id, message_id: Number(message), text: piece?.text ?? '', link_preview_options: { is_disabled: true } }, known(signal))
    } catch (error) {
      // Done already, by an attempt whose answer was lost.
      if (error instanceof GrammyError && /message is not modified/i.test(error.description)) return
      throw explain(error, 'an edit')
    }
  }

  async #menu(offered: readonly { name: string; about: string }[], signal: AbortSignal): Promise<void> {
    const commands = offered.map(({ name, about }) => ({ command: name, description: about }))
    await this.#try('the menu', signal, (until) => this.#calls.setMyCommands({ commands }, until))
  }

  async #receive(position: number, signal: AbortSignal): Promise<Incoming[]> {
    const question = { offset: position + 1, timeout: pollSeconds, allowed_updates: ['message', 'callback_query'] as const }
    return (await this.#try('getUpdates', signal, (until) => this.#polls.getUpdates(question, until))).map(incoming)
  }

  async #answer(press: string, text: string, alert: boolean, signal: AbortSignal): Promise<void> {
    try {
      await this.#calls.answerCallbackQuery({ callback_query_id: press, text: text.slice(0, 200), show_alert: alert }, known(signal))
    } catch (error) {
      // The platform forgets a press soon; what came of it stands on the card.
      if (!(error instanceof GrammyError) || error.error_code !== 400) throw explain(error, 'an answer')
    }
  }

  async #download(file: string, limit: number, signal: AbortSignal): Promise<Uint8Array> {
    const { file_path: path, file_size: size } = await this.#try('getFile', signal, (until) => this.#calls.getFile({ file_id: file }, until))
    const tooLarge = (bytes: number) => new TroupeError('too_large', `the file is ${bytes} bytes, the limit is ${limit}`, { facts: { size: bytes, limit } })
    if (size !== undefined && size > limit) throw tooLarge(size)
    const answer = await this.#try('a download', signal, () => fetch(`${this.#files}/${encodeURI(path ?? '')}`, { signal }))
    if (!answer.ok) throw new TroupeError(answer.status >= 500 ? 'unavailable' : 'failed', `Telegram gave no file (${answer.status})`)
    const bytes = new Uint8Array(await this.#try('a download', signal, () => answer.arrayBuffer()))
    if (bytes.length > limit) throw tooLarge(bytes.length)
    return bytes
  }

  async #try<T>(what: string, signal: AbortSignal, work: (signal: Signal) => Promise<T>): Promise<T> {
    try {
      return await work(known(signal))
    } catch (error) {
      throw explain(error, what)
    }
  }
}

/** The library's types know a polyfill's signals only; at run time they are Node's. */
function known(signal: AbortSignal): Signal {
  return signal as unknown as Signal
}

function replyTo(message: string | null): Pick<Extra, 'reply_parameters'> {
  return message === null ? {} : { reply_parameters: { message_id: Number(message), allow_sending_without_reply: true } }
}

/** Open for as long as it is sent: a platform that answers early, or never, leaves the file half read, and each new attempt would keep one more open. */
async function reading<T>(source: FileSource, send: (input: InputFile | string) => Promise<T>): Promise<T> {
  if ('url' in source) return await send(source.url)
  const content = createReadStream(source.path)
  // Whoever reads it hears of that; where nobody does, it is no reason to end.
  content.on('error', () => undefined)
  try {
    // The name stands in a header of the upload.
    return await send(new InputFile(content, source.name.replaceAll(/[\r\n";]/g, '_')))
  } finally {
    content.destroy()
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (cause) {
    throw new TroupeError('failed', `the file ${path} cannot be read any more`, { cause })
  }
}

/** Pieces in one again: they were cut to the length of a caption. */
function joined(pieces: Piece[]): Piece {
  return pieces.reduce<Piece>(
    (all, { text, entities }) => ({ text: all.text + text, entities: [...all.entities, ...entities.map((entity) => ({ ...entity, offset: entity.offset + all.text.length }))] }),
    { text: '', entities: [] },
  )
}
