import { expect, it } from 'vitest'
import { diskFault } from './disk.ts'

const failed = (code: string, path?: string) => Object.assign(new Error(`${code}: that is how it is`), { code, ...(path === undefined ? {} : { path }) })

it.each([
  ['ENOSPC', 'the disk of /t/state/port is full'],
  ['EDQUOT', 'the disk of /t/state/port is full'],
  ['EROFS', '/t/state/port is on a file system that is read-only'],
  ['EIO', 'the disk of /t/state/port failed'],
])('says what %s means, where, and what to do', (code, words) => {
  expect(diskFault(failed(code, '/t/state/port'))).toMatchObject({ code: 'unavailable', message: expect.stringContaining(words), hint: expect.any(String) })
})

it('says something where the path is not known, and nothing of other errors', () => {
  expect(diskFault(failed('ENOSPC'))?.message).toContain('the team’s root')
  expect([diskFault(failed('EACCES', '/t')), diskFault(new Error('full')), diskFault('full')]).toEqual([null, null, null])
})
