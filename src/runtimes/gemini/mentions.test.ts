import { describe, expect, it } from 'vitest'
import { canMention, plain, unmentioned, withMentions } from './mentions.ts'

describe('what is pasted', () => {
  it.each([
    ['ask bob@example.com', 'ask bob\\@example.com'],
    ['@/etc/hostname and @"a b"', '\\@/etc/hostname and \\@"a b"'],
    ['@@x', '\\@\\@x'],
    // Behind any number of backslashes it is a character already.
    ['\\@x \\\\@y', '\\@x \\\\@y'],
  ])('names no file: %s', (text, pasted) => {
    expect(unmentioned(text)).toBe(pasted)
    // How the CLI finds one.
    expect(/(?<!\\)@/.test(pasted)).toBe(false)
  })

  it('is found again in what the CLI says', () => {
    expect(plain(unmentioned('by "@ada" to bob@example.com'))).toBe('by "@ada" to bob@example.com')
  })

  it('names the pictures that come with it, and no others', () => {
    expect(withMentions('look @here', [{ label: '[attachment #3 of mail #4]', file: '/a/1.png' }])).toBe('look \\@here\n@/a/1.png [attachment #3 of mail #4]')
    expect(['/home/ada/.team-1/tmp', '/home/ada/my team', '/home/ä', '/a@b', '/a\nb'].map(canMention)).toEqual([true, false, false, false, false])
  })
})
