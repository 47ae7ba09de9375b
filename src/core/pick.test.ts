import { expect, test } from 'vitest'
import { pick } from './pick.ts'

const names = ['test-long', 'test', 'Upper', 'fix-auth', 'fix-docs', 'web', 'Web']

test('an exact name wins over those that begin with it, whatever their order', () => {
  expect(pick('test', names)).toEqual({ one: 'test' })
  expect(pick('web', names)).toEqual({ one: 'web' })
  expect(pick('Web', names)).toEqual({ one: 'Web' })
})

test('the beginning of one name is enough, of several it is not', () => {
  expect(pick('test-', names)).toEqual({ one: 'test-long' })
  expect(pick('fix', names)).toEqual({ several: ['fix-auth', 'fix-docs'] })
  expect(pick('zz', names)).toBeNull()
  expect(pick('', names)).toBeNull()
})

test('letters count as typed first, and in any case only where one name is left', () => {
  expect(pick('upper', names)).toEqual({ one: 'Upper' })
  expect(pick('UP', names)).toEqual({ one: 'Upper' })
  expect(pick('We', names)).toEqual({ one: 'Web' })
  expect(pick('WEB', names)).toEqual({ several: ['web', 'Web'] })
})
