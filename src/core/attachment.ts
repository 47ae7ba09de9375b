import { printable, quoted } from './printable.ts'

/** A file that troupe keeps a copy of. */
export interface KeptFile {
  /** As its sender called it: any characters but a slash. Never a path, never shown as it is. */
  name: string
  /** By its first bytes, never by its name. */
  mime: string
  bytes: number
  /** Hex; the copy's name in `state/attachments`. */
  sha256: string
}

/** A file that came with a message. */
export interface Attachment extends KeptFile {
  /** Small integer, unique in the team. */
  n: number
}

/** As lists and answers show one: `id` is its number, `name` is safe to print. */
export interface Listed {
  id: number
  name: string
  mime: string
  bytes: number
}

/** Files that one message may carry. */
export const mostAttachments = 10
/** A text up to this is given as it is, bytes: it goes into a model's context. Beyond it a copy is. */
export const mostShownText = 64 * 1024
/** As models take images: beyond it a copy is given. Bytes. */
export const mostShownImage = 3.5 * 1024 * 1024
/** Of the images that one message shows: a provider takes 20 MB a call, and a conversation keeps those of several messages. Bytes. */
export const mostShownTogether = 5 * 1024 * 1024

const unknownMime = 'application/octet-stream'
const imageMimes: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])

/** Every provider takes these in a message; some take no others, and a call with another one fails. */
const shownMimes: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/webp'])

/** By https://en.wikipedia.org/wiki/List_of_file_signatures. `at` is an offset, in bytes. */
const signatures: readonly { mime: string; at: number; begin: string }[] = [
  { mime: 'image/png', at: 0, begin: '\x89PNG\r\n\x1a\n' },
  { mime: 'image/jpeg', at: 0, begin: '\xff\xd8\xff' },
  { mime: 'image/gif', at: 0, begin: 'GIF8' },
  { mime: 'image/webp', at: 8, begin: 'WEBP' },
  { mime: 'audio/wav', at: 8, begin: 'WAVE' },
  { mime: 'video/mp4', at: 4, begin: 'ftyp' },
  { mime: 'audio/ogg', at: 0, begin: 'OggS' },
  { mime: 'audio/mpeg', at: 0, begin: 'ID3' },
  { mime: 'video/webm', at: 0, begin: '\x1aE\xdf\xa3' },
  { mime: 'application/pdf', at: 0, begin: '%PDF-' },
  { mime: 'application/zip', at: 0, begin: 'PK\x03\x04' },
  { mime: 'application/gzip', at: 0, begin: '\x1f\x8b' },
]

/** As many bytes from the beginning of a file tell its kind. */
export const sniffedBytes = 4096

/** What a file is, by its beginning. Text is UTF-8 without control characters that no text has. */
export function sniff(head: Uint8Array): string {
  const bytes = Buffer.from(head)
  const found = signatures.find(({ at, begin }) => bytes.subarray(at, at + begin.length).equals(Buffer.from(begin, 'latin1')))
  return found?.mime ?? (isText(bytes) ? 'text/plain' : unknownMime)
}

function isText(bytes: Buffer): boolean {
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(bytes.toString('latin1'))) return false
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false // not UTF-8
  }
}

export function isImage(mime: string): boolean {
  return imageMimes.has(mime)
}

/** Names may hold anything: one line of at most 100 characters, marks of direction and controls made visible. */
export function shownName(name: string): string {
  const line = printable(name).replaceAll('\n', '\\n').replaceAll('\t', '\\t')
  return line.length > 100 ? `${line.slice(0, 60)}…${line.slice(-39)}` : line
}

/** For a file of ours: nothing in it can be a path, an option or hidden; the ending stays. */
export function safeName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9._-]+/g, '_').replace(/^[-._]+/, '').slice(-80) || 'file'
}

export function listed({ n, name, mime, bytes }: Attachment): Listed {
  return { id: n, name: shownName(name), mime, bytes }
}

/** Those that can be shown beside the words of their message: in their order, as long as they are not too much together. */
export function showable(attachments: readonly Attachment[]): Attachment[] {
  let room = mostShownTogether
  return attachments.filter(({ mime, bytes }) => {
    const fits = shownMimes.has(mime) && bytes <= Math.min(mostShownImage, room)
    if (fits) room -= bytes
    return fits
  })
}

/** Below a message's body, outside its fence: `Attached: …`. Empty where there is none. `shown`: the numbers of those that come with it. */
export function attachedLines(attachments: readonly Attachment[], shown: readonly number[] = []): string {
  const how = ({ n }: Attachment): string => (shown.includes(n) ? `It comes with this message. If you do not see it: read_attachment with id ${n}.` : `Read it: read_attachment with id ${n}.`)
  return attachments.map((each) => `\nAttached: ${described(each)}. ${how(each)}`).join('')
}

/** `#3 "notes.txt" (text/plain, 120 bytes)`. */
export function described({ n: id, name: given, mime, bytes }: Attachment): string {
  const name = shownName(given)
  return `#${id} ${quoted(name)} (${mime}, ${bytes} bytes)`
}

/** A text as an agent sees it: what somebody else wrote, in a fence that it cannot close, below troupe's own header. */
export function fenced(header: string, text: string, nonce: string): string {
  return `[${header}]\n<<<${nonce}\n${printable(text)}\n${nonce}>>>`
}

/** Where a file comes from, for the header above its words or its picture. */
export function headerOf(attachment: Attachment, message: { n: number; from: string; trust: string; taint: readonly string[] }): string {
  const { n, from, trust, taint } = message
  return [`attachment ${described(attachment)}`, `of mail #${n}`, `from ${from}`, `trust ${trust}`, ...(taint.length === 0 ? [] : [`tainted by ${taint.join(' ')}`])].join(' · ')
}
