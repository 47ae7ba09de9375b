import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { testFolder } from '../../test/fixtures/folder.ts'
import { takeSpool } from './spool.ts'

it('hands over each event in its order, also behind one that cannot be taken, and says that there was one', async () => {
  const folder = testFolder('spool-')
  const said = ['{"n":1}', '{"n":2}', 'half a fi', '{"n":3}']
  for (const [at, text] of said.entries()) writeFileSync(join(folder, `${at}.json`), text)
  const taken: unknown[] = []
  const take = ({ n }: Record<string, unknown>): Promise<void> => (n === 2 ? Promise.reject(new Error('not this one')) : Promise.resolve(void taken.push(n)))
  await expect(takeSpool(folder, take)).rejects.toThrow('not this one')
  expect(taken).toEqual([1, 3])
  expect(readdirSync(folder)).toEqual([])
})
