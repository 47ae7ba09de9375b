const escapes: Record<string, string> = { a: '\u0007', b: '\b', e: '\u001b', E: '\u001b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', "'": "'", '"': '"', '?': '?' }
const coded = /^(?:x([\da-fA-F]{1,2})|u([\da-fA-F]{1,4})|U([\da-fA-F]{1,8}))/

/** What stands in `$'…'`, from behind its first quote. `end`: of its last, -1 where there is none. What follows a NUL is lost, as in bash. */
export function ansiC(source: string, from: number): { text: string; end: number } {
  let text = ''
  let at = from
  while (at < source.length && source[at] !== "'") {
    if (source[at] !== '\\') {
      text += source[at]
      at += 1
      continue
    }
    const { char, length } = escaped(source.slice(at + 1, at + 10))
    text += char
    at += 1 + length
  }
  const [kept = ''] = text.split('\0')
  return { text: kept, end: at < source.length ? at : -1 }
}

function escaped(rest: string): { char: string; length: number } {
  const code = coded.exec(rest)
  if (code !== null) return { char: charOf(parseInt(code[1] ?? code[2] ?? code[3] ?? '', 16)), length: code[0].length }
  const octal = /^[0-7]{1,3}/.exec(rest)?.[0]
  if (octal !== undefined) return { char: charOf(parseInt(octal, 8) & 0xff), length: octal.length }
  const first = rest[0] ?? ''
  if (first === 'c' && rest.length > 1) return { char: charOf(rest.charCodeAt(1) & 0x1f), length: 2 }
  return { char: escapes[first] ?? `\\${first}`, length: Math.max(1, first.length) }
}

function charOf(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : ''
}
