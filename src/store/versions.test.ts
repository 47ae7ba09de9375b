import { expect, it } from 'vitest'
import { checkVersions } from './versions.ts'

it.each([
  ['20.20.2', undefined],
  ['24.15.9', '3.53.0'],
  ['24.16.0', '3.51.2'],
  ['24.16.0', undefined],
])('refuses Node %s with SQLite %s and says what to install', (node, sqlite) => {
  expect(() => checkVersions({ node, sqlite })).toThrowError(
    expect.objectContaining({ code: 'incompatible', hint: expect.stringContaining('install') }),
  )
})

it.each([
  ['24.16.0', '3.51.3'],
  ['24.21.0', '3.53.4'],
  ['26.0.0', '4.0.0'],
])('takes Node %s with SQLite %s', (node, sqlite) => {
  expect(() => checkVersions({ node, sqlite })).not.toThrow()
})
