import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { diskFault, systemFault } from './disk.ts'

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

const thrownBy = (act: () => unknown): unknown => {
  try {
    return act()
  } catch (error) {
    return error
  }
}
const refused = (code: string, syscall: string) => Object.assign(new Error(`${code}: permission denied`), { code, syscall, path: '/team/state' })

it('tells what the system refused in words, and leaves everything else alone', () => {
  expect(systemFault(refused('EACCES', 'mkdir'))).toMatchObject({ code: 'failed', message: '/team/state may not be written by you (mkdir: permission denied)' })
  expect(systemFault(refused('EPERM', 'open'))?.message).toContain('may not be opened by you')
  expect(systemFault(refused('ENOSPC', 'write'))?.message).toContain('is full')
  expect(systemFault(thrownBy(() => mkdirSync(join(import.meta.filename, 'x'))))).toMatchObject({ code: 'failed', message: expect.stringContaining('ENOTDIR') as string })
  expect(systemFault(thrownBy(() => readFileSync('/nowhere/at/all')))?.code).toBe('failed')
  expect([new TypeError('ours'), 'text', undefined].map(systemFault)).toEqual([null, null, null])
})
