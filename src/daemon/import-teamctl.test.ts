import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { importTeamctl, type ImportParts } from './import-teamctl.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'import-'))))
afterEach(() => rmSync(folder, { recursive: true }))

it('what is no mailbox is refused by its own name, a pipe without waiting for it, and nothing is left behind', async () => {
  const [pipe, text, empty] = ['pipe', 'text', 'empty'].map((name) => join(folder, name)) as [string, string, string]
  execFileSync('mkfifo', [pipe])
  writeFileSync(text, 'hello')
  writeFileSync(empty, '')
  // Whoever reads it all the same gets something, instead of waiting for ever.
  const writer = spawn('sh', ['-c', 'printf words > "$1"', 'sh', pipe], { stdio: 'ignore' })
  const run = join(folder, 'run')
  const refusal = async (path: string): Promise<string> =>
    await importTeamctl({ paths: { run } } as ImportParts, path, true).then(() => 'taken', (error: unknown) => (error as Error).message)
  try {
    expect(await refusal(pipe)).toBe(`${pipe} cannot be read: it is no regular file`)
    expect(await refusal(folder)).toBe(`${folder} cannot be read: it is no regular file`)
    for (const path of [text, empty]) expect(await refusal(path)).toBe(`${path} is not a mailbox of teamctl`)
    expect(await refusal(join(folder, 'none'))).toBe(`there is no ${join(folder, 'none')}`)
    expect(readdirSync(run)).toEqual([])
  } finally {
    writer.kill('SIGKILL')
  }
})
