import { expect, it } from 'vitest'
import { lookAlikes } from './look-alike.ts'

it.each([
  ['git push', []],
  ['Привет, мир: git push', []],
  ['naïve Grüße', []],
  ['g\u0456t push', ['\u0456 U+0456']],
  ['p\u0430yp\u0430l.example', ['\u0430 U+0430']],
  ['rm \uff0dr', ['\uff0d U+FF0D']],
])('%j', (text, found) => {
  expect(lookAlikes(text)).toEqual(found)
})
