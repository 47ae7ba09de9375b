import { chmodSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseTaskFile } from '../../core/task-file/parse.ts'
import type { Mark } from '../../core/task-file/write-back.ts'
import { writeAtomic } from '../../util/atomic-write.ts'
import { testFolder } from '../../../test/fixtures/folder.ts'
import { writeTaskFile } from './write.ts'

const marks = (text: string): Mark[] => parseTaskFile(text).items.map(({ key, title }) => ({ key, title, box: 'ticked', arrow: { worker: 'w', status: 'done', elapsed: null } }))
const open = (file: string) => ({ path: file, real: realpathSync(file), prefix: '' })

it('replaces the file whole, keeps its mode and a link to it, and leaves nothing beside it', async () => {
  const folder = testFolder('troupe-task-file-')
  const [file, link] = [join(folder, 'T.md'), join(folder, 'L.md')]
  writeFileSync(file, '- [ ] a\r\n')
  chmodSync(file, 0o664)
  symlinkSync('T.md', link)
  expect((await writeTaskFile(open(link), marks('- [ ] a'))).changed).toHaveLength(1)
  expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777, lstatSync(link).isSymbolicLink(), readdirSync(folder).toSorted()]).toEqual(['- [x] a ← w | done\r\n', 0o664, true, ['L.md', 'T.md']])
})

it('does not touch a file in which everything stands already', async () => {
  const file = join(testFolder('troupe-task-file-'), 'T.md')
  writeFileSync(file, '- [x] a ← w | done\n')
  const before = statSync(file)
  await writeTaskFile(open(file), marks('- [ ] a'))
  expect(statSync(file)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs })
})

it('keeps what somebody else writes meanwhile, and says what it does not find', async () => {
  const file = join(testFolder('troupe-task-file-'), 'T.md')
  writeFileSync(file, '- [ ] a\n')
  const outcomes = await Promise.all([writeTaskFile(open(file), marks('- [ ] a')), writeTaskFile(open(file), marks('- [ ] gone')), ...Array.from({ length: 5 }, async () => await writeTaskFile(open(file), marks('- [ ] a')))])
  expect(outcomes[1]?.missing.map(({ title }) => title)).toEqual(['gone'])
  expect(readFileSync(file, 'utf8')).toBe('- [x] a ← w | done\n')
  // Between what was read and the moment it would be replaced.
  expect(writeAtomic(file, 'mine', { goOn: () => false })).toBe(false)
  expect(readFileSync(file, 'utf8')).toBe('- [x] a ← w | done\n')
})

it('refuses what is no UTF-8, and what is no file', async () => {
  const folder = testFolder('troupe-task-file-')
  const file = join(folder, 'T.md')
  writeFileSync(file, Buffer.from('- [ ] gr\xfcn\n', 'latin1'))
  await expect(writeTaskFile(open(file), [])).rejects.toThrow(/is not UTF-8/)
  await expect(writeTaskFile(open(folder), [])).rejects.toThrow(/is no file/)
})
