import { expect, it } from 'vitest'
import { isPlainPath } from './manifest.ts'

it.each([
  ['projects/p.yaml', true],
  ['roles/a\\b.md', true],
  ['roles/a b\n.md', true],
  ['', false],
  ['/etc/passwd', false],
  ['../up', false],
  ['a/../b', false],
  ['a//b', false],
  ['a/./b', false],
  ['a\0b', false],
])('%j stays below its folder: %s', (path, plain) => {
  expect(isPlainPath(path)).toBe(plain)
})
