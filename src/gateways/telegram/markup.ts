import type { MessageEntity } from 'grammy/types'

/** A text with its formatting beside it, as Telegram takes it: nothing in the text has to be escaped, and nothing can break it. */
export interface Piece {
  text: string
  entities: MessageEntity[]
}

/** Offsets and lengths count UTF-16 code units, as JavaScript does. Bounded, so that no text makes the search slow. */
const inline =
  /`(?<code>[^`\n]{1,500})`|\*\*(?<bold>[^\s*](?:[^*\n]{0,500}[^\s*])?)\*\*|(?<![\w*])\*(?<star>[^\s*](?:[^*\n]{0,500}[^\s*])?)\*(?![\w*])|(?<!\w)_(?<line>[^\s_](?:[^_\n]{0,500}[^\s_])?)_(?!\w)|\[(?<label>[^\][\n]{1,300})\]\((?<url>https?:\/\/[^\s()]{1,1000})\)/g

/** The part of Markdown that agents write: fences, code, bold, italic, links, headings, bullets. Anything else stays as it is. */
export function markup(source: string): Piece {
  const out: Piece = { text: '', entities: [] }
  const lines = source.replaceAll('\r\n', '\n').split('\n')
  const closings = lines.flatMap((line, at) => (/^ {0,3}```\s*$/.test(line) ? [at] : []))
  for (let [at, next] = [0, 0]; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    const fence = /^ {0,3}```([\w+-]{0,40})\s*$/.exec(line)
    while ((closings[next] ?? Infinity) <= at) next += 1
    const end = closings[next] ?? -1
    if (fence !== null && end > at + 1) {
      const language = fence[1] === '' ? {} : { language: fence[1] ?? '' }
      mark(out, lines.slice(at + 1, end).join('\n'), { type: 'pre', ...language })
      at = end
    } else addLine(out, line)
    if (at < lines.length - 1) out.text += '\n'
  }
  return out
}

type Kind = MessageEntity extends infer E ? (E extends MessageEntity ? Omit<E, 'offset' | 'length'> : never) : never

function mark(out: Piece, text: string, kind: Kind): void {
  // Of nothing there is no formatting.
  if (text.trim() !== '') out.entities.push({ ...kind, offset: out.text.length, length: text.length } as MessageEntity)
  out.text += text
}

function addLine(out: Piece, line: string): void {
  const heading = /^#{1,6} (.+)$/.exec(line)?.[1]
  if (heading !== undefined) return mark(out, heading, { type: 'bold' })
  const text = line.replace(/^(\s*)[-*] (?=\S)/, '$1• ')
  let done = 0
  for (const found of text.matchAll(inline)) {
    out.text += text.slice(done, found.index)
    done = found.index + found[0].length
    const { code, bold, star, line: underlined, label, url } = found.groups ?? {}
    if (code !== undefined) mark(out, code, { type: 'code' })
    else if (bold !== undefined) mark(out, bold, { type: 'bold' })
    else if (label !== undefined) mark(out, label, { type: 'text_link', url: url ?? '' })
    else mark(out, star ?? underlined ?? '', { type: 'italic' })
  }
  out.text += text.slice(done)
}
