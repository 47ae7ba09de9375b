import { gzipSync } from 'node:zlib'

export interface TarEntry {
  /** Relative path of at most 100 bytes. */
  name: string
  content: string | Uint8Array
}

const block = 512

/** A `.tar.gz` of regular files, as POSIX.1-1988 (ustar) has it: every tar of the last decades reads it. `at` in ms. */
export function tarGz(entries: readonly TarEntry[], at: number): Buffer {
  const parts = entries.flatMap(({ name, content }) => {
    const bytes = Buffer.from(content)
    return [header(name, bytes.length, at), bytes, Buffer.alloc((block - (bytes.length % block)) % block)]
  })
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * block)]))
}

/** Fields and offsets: pax(1), "ustar Interchange Format". Numbers are octal, ended by NUL. */
function header(name: string, size: number, at: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new RangeError(`the name ${name} is too long for a tar header`)
  const bytes = Buffer.alloc(block)
  const octal = (value: number, offset: number, length: number): void => void bytes.write(value.toString(8).padStart(length - 1, '0'), offset)
  bytes.write(name, 0)
  octal(0o600, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(Math.floor(at / 1000), 136, 12)
  bytes.write('        0', 148) // the checksum counts as spaces while it is computed; then the type: a regular file
  bytes.write('ustar\u000000', 257)
  octal(bytes.reduce((sum, byte) => sum + byte, 0), 148, 7)
  bytes.write('\u0000 ', 154)
  return bytes
}
