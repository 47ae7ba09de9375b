import { expect, it } from 'vitest'
import { explained, fault } from './postgres-faults.ts'

const coded = (code: string, message = 'as the server says it'): Error => Object.assign(new Error(message), { code })

it.each([
  ['a pool whose connections are all at work for too long', new Error('timeout exceeded when trying to connect'), 'retry'],
  ['a client that was closed under a query', new Error('Client was closed and is not queryable'), 'lost'],
  ['a standby', coded('25006', 'cannot execute INSERT in a read-only transaction'), 'lost'],
  ['a database that was dropped', coded('57P04'), 'lost'],
  ['a session that was idle for too long', coded('57P05'), 'lost'],
])('%s is the database’s trouble, which is tried again, and no defect', (_what, error, kind) => {
  expect(fault(error)).toBe(kind)
  expect(explained(error, 'postgres://db/x')).toMatchObject({ code: 'unavailable', cause: error })
})

it('a write that breaks a rule of the schema is its own failure', () => {
  const error = coded('23505')
  expect([fault(error), explained(error, 'postgres://db/x')]).toEqual(['work', error])
})
