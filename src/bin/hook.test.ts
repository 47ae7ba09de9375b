import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { programPath } from '../util/programs.ts'
import { run } from '../util/spawn.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'troupe-hook-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const hook = (input: string, ...args: string[]) => run([process.execPath, programPath('hook'), ...args], { input })

it('keeps what was said in a file of its own, readable by nobody else', async () => {
  const spool = join(folder, 'not yet', 'spool')
  for (const said of ['{"n":1}', '{"n":2,"text":"é"}']) expect(await hook(said, spool)).toMatchObject({ code: 0, stdout: '', stderr: '' })
  const names = readdirSync(spool).toSorted()
  expect(names.map((name) => readFileSync(join(spool, name), 'utf8'))).toEqual(['{"n":1}', '{"n":2,"text":"é"}'])
  expect(names.every((name) => name.endsWith('.json') && (statSync(join(spool, name)).mode & 0o777) === 0o600)).toBe(true)
})

it('never stops the agent: whatever goes wrong, it says so and exits 0', async () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  expect(await hook('{}', join(file, 'spool'))).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('nothing was kept') as string })
  expect(await hook('{}')).toMatchObject({ code: 0, stderr: expect.stringContaining('no folder') as string })
  expect(await hook('x'.repeat(2 * 1024 * 1024), folder)).toMatchObject({ code: 0, stderr: expect.stringContaining('more than') as string })
})
