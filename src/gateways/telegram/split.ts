import type { Piece } from './markup.ts'

/** Below this share of the limit a cut would leave crumbs. */
const least = 0.25

/**
 * Cuts a text into pieces of at most `limit` UTF-16 code units: at the end of a line or a word, never inside a character,
 * and inside a formatted part only where that is itself too long; it then goes on formatted in the next piece.
 */
export function split(piece: Piece, limit: number): Piece[] {
  const pieces: Piece[] = []
  let rest = piece
  while (rest.text.length > limit) {
    const cut = cutOf(rest, limit)
    pieces.push(part(rest, 0, cut))
    rest = part(rest, cut, rest.text.length)
  }
  // The platform takes no message without a visible character.
  return [...pieces, rest].filter(({ text }) => text.trim() !== '')
}

function cutOf({ text, entities }: Piece, limit: number): number {
  const around = (at: number) => entities.find(({ offset, length }) => offset < at && at < offset + length)
  for (const border of ['\n\n', '\n', ' ']) {
    let at = text.lastIndexOf(border, limit - border.length)
    while (at > limit * least) {
      const over = around(at + border.length)
      if (over === undefined) return at + border.length
      at = text.lastIndexOf(border, over.offset - border.length)
    }
  }
  const inside = around(limit)
  if (inside !== undefined && inside.offset > (inside.length <= limit ? 0 : limit * least)) return inside.offset
  const line = text.lastIndexOf('\n', limit - 1) + 1
  const cut = inside !== undefined && line > limit * least ? line : limit
  return isHalf(text, cut) ? cut - 1 : cut
}

/** Between the two halves of one character. */
function isHalf(text: string, at: number): boolean {
  const [before, after] = [text.charCodeAt(at - 1), text.charCodeAt(at)]
  return before >= 0xd800 && before < 0xdc00 && after >= 0xdc00 && after < 0xe000
}

function part({ text, entities }: Piece, from: number, to: number): Piece {
  const inside = entities.flatMap((entity) => {
    const start = Math.max(entity.offset, from)
    const end = Math.min(entity.offset + entity.length, to)
    return start < end ? [{ ...entity, offset: start - from, length: end - start }] : []
  })
  return { text: text.slice(from, to), entities: inside }
}
