/** Pixels of a side, at most: beyond it a provider refuses the call. Of those that say a bound, the lowest. */
const longestSide = 8_000

interface Size {
  width: number
  height: number
}

/**
 * Why a model's provider would refuse this picture; null: nothing is known against it. A refused one stays in the conversation,
 * and each later call would be refused with it: so what is cut off or no picture at all never gets in. Its frame is looked at, not its dots.
 */
export function pictureFault(mime: string, content: Uint8Array): string | null {
  const size = frames[mime]?.(Buffer.from(content.buffer, content.byteOffset, content.byteLength)) ?? null
  if (size === null) return 'it is damaged or cut off'
  const { width, height } = size
  if (width === 0 || height === 0) return 'it has no pixels'
  return Math.max(width, height) > longestSide ? `it is ${width} × ${height} pixels, and models take ${longestSide} a side` : null
}

/** By kind: the size, where the file is whole; null where it is not. */
const frames: Readonly<Record<string, (content: Buffer) => Size | null>> = { 'image/png': png, 'image/jpeg': jpeg, 'image/gif': gif, 'image/webp': webp }

/** https://www.w3.org/TR/png-3/#5DataRep: chunks from IHDR to IEND. */
function png(content: Buffer): Size | null {
  if (content.length < 33 || content.toString('latin1', 12, 16) !== 'IHDR') return null
  for (let at = 8; at + 12 <= content.length; at += 12 + content.readUInt32BE(at)) {
    if (content.toString('latin1', at + 4, at + 8) === 'IEND') return { width: content.readUInt32BE(16), height: content.readUInt32BE(20) }
  }
  return null
}

/** https://www.w3.org/Graphics/JPEG/itu-t81.pdf, B.1: segments up to the frame's header; the end of the image is the last marker. */
function jpeg(content: Buffer): Size | null {
  if (content.lastIndexOf(Buffer.from([0xff, 0xd9])) < 0) return null
  for (let at = 2; at + 9 <= content.length && content[at] === 0xff; ) {
    const marker = content[at + 1]!
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
    if (isFrame) return { height: content.readUInt16BE(at + 5), width: content.readUInt16BE(at + 7) }
    // Any number of 0xff may stand before a marker.
    at += marker === 0xff ? 1 : 2 + content.readUInt16BE(at + 2)
  }
  return null
}

/** https://www.w3.org/Graphics/GIF/spec-gif89a.txt: the trailer is 0x3b. */
function gif(content: Buffer): Size | null {
  return content.length > 13 && content.lastIndexOf(0x3b) > 13 ? { width: content.readUInt16LE(6), height: content.readUInt16LE(8) } : null
}

/** https://developers.google.com/speed/webp/docs/riff_container */
function webp(content: Buffer): Size | null {
  if (content.length < 30 || content.readUInt32LE(4) + 8 > content.length) return null
  switch (content.toString('latin1', 12, 16)) {
    case 'VP8X':
      return { width: content.readUIntLE(24, 3) + 1, height: content.readUIntLE(27, 3) + 1 }
    case 'VP8L': {
      const bits = content.readUInt32LE(21)
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
    }
    case 'VP8 ':
      return { width: content.readUInt16LE(26) & 0x3fff, height: content.readUInt16LE(28) & 0x3fff }
    default:
      return null
  }
}
