import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TypingReader, type Typed } from './typing.ts'

/** Lines and keys, without the echo. */
function read(...chunks: string[]): (string | Typed['key'])[] {
  const reader = new TypingReader()
  return chunks.flatMap((chunk) => reader.push(chunk)).flatMap((typed) => (typed.key === 'echo' ? [] : [typed.key === 'line' ? `=${typed.text}` : typed.key]))
}

const paste = (text: string) => `\x1b[200~${text}\x1b[201~`

describe('what is typed', () => {
  it.each<[string, string[], string[]]>([
    ['a line', ['hé', 'llo\r'], ['=héllo']],
    ['two lines in one chunk', ['a\nb\n'], ['=a', '=b']],
    ['corrections', ['ab\x7fc\r', 'gone\x15kept\r'], ['=ac', '=kept']],
    ['C-c clears the draft', ['half\x03rest\r'], ['interrupt', '=rest']],
    ['C-d on an empty line only', ['a\x04\r\x04'], ['=a', 'end']],
    ['arrow keys and a lone Escape are nothing', ['a\x1b[A\x1b[1;5C\x1bOPb\x1b\r'], ['=ab']],
    ['a paste with newlines is one line', [`${paste('one\rtwo')}\r`], ['=one\ntwo']],
    ['a paste leaves a draft alone', [`draft${paste('mail')}\r`, ' more\r'], ['=mail', '=draft more']],
    ['a paste that is edited joins the draft', [`a${paste('b')}c\r`], ['=abc']],
    ['C-c inside a paste is text', [`${paste('x\x03y')}\r`], ['=x\x03y']],
  ])('%s', (_, chunks, expected) => {
    expect(read(...chunks)).toEqual(expected)
  })

  it('does not depend on how the bytes arrive', () => {
    const whole = `draft${paste('one\r\x1b[20 two\x1b')}\rmore\x1b[A\x03last\r`
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), whole.length]
        expect(read(...at.slice(1).map((end, i) => whole.slice(at[i], end)))).toEqual(read(whole))
      }),
    )
  })
})
