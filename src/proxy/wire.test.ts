import { expect, it } from 'vitest'
import { tokensIn } from './wire.ts'

it('counts a picture by what it shows, in each of the formats, and long words as words', () => {
  const large = Buffer.alloc(3_000_000, 'x').toString('base64')
  for (const [before, after] of [['{"image_url":"data:image/png;base64,', '"}'], ['{"type":"base64","data":"', '"}']] as const) {
    expect(tokensIn(`${before}${large}${after}`)).toBe(Math.ceil(`${before}${after}`.length / 4) + 1_500)
    expect(tokensIn(`[${before}${large}${after},${before}${large}${after}]`)).toBeLessThan(3_100)
  }
  expect(tokensIn('x'.repeat(8_000))).toBe(2_000)
})
