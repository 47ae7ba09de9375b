import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { programPath } from '../../src/util/programs.ts'
import { run } from '../../src/util/spawn.ts'

describe('launcher', () => {
  let folder: string
  let spec: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'troupe-launcher-'))
    spec = join(folder, 'spec.json')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))

  const launch = async (argv: string[], env: Record<string, string> = { PATH: process.env['PATH'] ?? '' }, cwd = folder) => {
    writeFileSync(spec, JSON.stringify({ argv, env, cwd }), { mode: 0o600 })
    const surroundings = { PATH: '/nowhere', TMUX: 'x', TMUX_PANE: '%1', NODE_OPTIONS: '' }
    return await run([process.execPath, programPath('launcher'), spec], { env: surroundings, timeoutMs: 30_000 })
  }

  it('becomes the program: its process, its environment and nothing else, its exit status', async () => {
    const ran = await launch([process.execPath, '-e', 'console.log(JSON.stringify(process.env)); process.exitCode = 9'], { ONLY: 'this\nline' })
    expect(ran).toMatchObject({ code: 9, stderr: '' })
    expect(JSON.parse(ran.stdout)).toEqual({ ONLY: 'this\nline' })
    expect(existsSync(spec)).toBe(false)
  })

  it.runIf(process.platform === 'linux')('hands on no ignored, caught or blocked signal', async () => {
    const { stdout } = await launch(['cat', '/proc/self/status'])
    expect(stdout).toMatch(/^SigIgn:\t0+$/m)
    expect(stdout).toMatch(/^SigBlk:\t0+$/m)
  })

  it('hands on environments that no command line could hold', async () => {
    const big = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`V${n}`, 'x'.repeat(100_000)]))
    const { stdout } = await launch([process.execPath, '-p', 'JSON.stringify(process.env).length'], big)
    expect(Number(stdout)).toBeGreaterThan(1_000_000)
  })

  it('says in a sentence what cannot be run', async () => {
    const text = join(folder, 'text')
    const broken = join(folder, 'broken')
    writeFileSync(text, 'no program')
    writeFileSync(broken, '#!/no/such/interpreter\n')
    chmodSync(broken, 0o755)
    expect(await launch(['absent'])).toMatchObject({ code: 127, stderr: expect.stringContaining('no program "absent" on the agent\'s PATH') as string })
    expect(await launch(['./absent'])).toMatchObject({ code: 127, stderr: expect.stringContaining('no program "./absent"') as string })
    expect(await launch([text])).toMatchObject({ code: 126, stderr: expect.stringContaining('not executable') as string })
    expect(await launch(['cat'], {}, join(folder, 'gone'))).toMatchObject({ code: 127, stderr: expect.stringContaining('cannot enter') as string })
    expect(await launch([])).toMatchObject({ code: 127, stderr: expect.stringContaining('empty') as string })
    expect(await launch([broken])).toMatchObject({ code: 126, stderr: expect.stringContaining('interpreter "/no/such/interpreter"') as string })
    chmodSync(text, 0o755)
    expect(await launch([text])).toMatchObject({ code: 126, stderr: expect.stringContaining('#!/bin/sh') as string })
  })

  it('works once', async () => {
    await launch(['cat', '/dev/null'])
    const again = await run([process.execPath, programPath('launcher'), spec])
    expect(again).toMatchObject({ code: 127, stderr: expect.stringContaining('works once') as string })
    expect(await run([process.execPath, programPath('launcher')])).toMatchObject({ code: 126 })
  })

  it('leaves nothing of a launch file that is no launch file', async () => {
    writeFileSync(spec, '{"argv": [')
    expect(await run([process.execPath, programPath('launcher'), spec])).toMatchObject({ code: 127 })
    expect(existsSync(spec)).toBe(false)
    expect(() => readFileSync(spec)).toThrow()
  })
})
