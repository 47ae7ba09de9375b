import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Agent } from '../core/team.ts'
import { contentsOf } from './contents.ts'
import { readText } from './text.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'contents-'))))
afterEach(() => rmSync(folder, { recursive: true }))

it('a pipe or a device that stands where a role prompt was holds nobody', () => {
  const [good, pipe, device] = ['good.md', 'pipe.md', 'device.md'].map((name) => join(folder, name)) as [string, string, string]
  writeFileSync(good, 'be kind')
  execFileSync('mkfifo', [pipe])
  symlinkSync('/dev/null', device)
  // Whoever reads it all the same gets something, instead of waiting for ever.
  const writer = spawn('sh', ['-c', 'printf words > "$1"', 'sh', pipe], { stdio: 'ignore' })
  try {
    const agent = { rolePrompt: [good, pipe, device, folder, join(folder, 'none')], subagents: [] } as unknown as Agent
    expect(Object.keys(contentsOf([agent]))).toEqual([good])
    expect([pipe, device, folder].map(readText)).toEqual(Array.from({ length: 3 }, () => ({ problem: 'is not a regular file' })))
    expect(readText(good)).toEqual({ text: 'be kind' })
  } finally {
    writer.kill('SIGKILL')
  }
})
