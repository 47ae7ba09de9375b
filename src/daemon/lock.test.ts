import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lockHolder, takeLock } from './lock.ts'
import { operatorToken } from './token.ts'
import { testFolder } from '../../test/fixtures/folder.ts'

const folder = () => testFolder('troupe-lock-')

test('a second one is refused and names the first; a release lets the next in', () => {
  const file = join(folder(), 'lock.db')
  const first = takeLock(file, { pid: 4711, since: 1_700_000_000_000 })
  expect(() => takeLock(file, { pid: 4712, since: 1 })).toThrow(/process 4711, since 2023-11-14T22:13:20.000Z/)
  expect(lockHolder(file)).toEqual({ pid: 4711, since: 1_700_000_000_000 })
  first.release()
  first.release()
  const second = takeLock(file, { pid: 4713, since: 2 })
  expect(lockHolder(file)?.pid).toBe(4713)
  second.release()
})

test('a broken note beside the lock changes nothing', () => {
  const file = join(folder(), 'lock.db')
  writeFileSync(`${file}.json`, '{"pid":')
  expect(lockHolder(file)).toBeNull()
  takeLock(file, { pid: 1, since: 2 }).release()
  expect(lockHolder(file)).toEqual({ pid: 1, since: 2 })
})

test('the operator token stays the same, is private, and anything else does not match', () => {
  const file = join(folder(), 'token')
  const made = operatorToken(file)
  expect(operatorToken(file).token).toBe(made.token)
  expect(made.matches(made.token)).toBe(true)
  expect(made.matches(`${made.token}x`)).toBe(false)
  expect(made.matches('')).toBe(false)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  writeFileSync(file, 'half a tok')
  expect(operatorToken(file).token).not.toBe(made.token)
  expect(readFileSync(file, 'utf8')).toContain('tro_')
})
