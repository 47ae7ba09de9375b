import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

/** A checkout without node_modules, and a registry that nobody listens on. */
describe('the set-up', () => {
  let checkout: string
  let env: Record<string, string>

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'troupe-checkout-'))
    for (const each of ['bin', 'scripts', 'package.json', 'package-lock.json', '.npmrc']) {
      cpSync(join(root, each), join(checkout, each), { recursive: true })
    }
    mkdirSync(join(checkout, 'home'))
    env = {
      PATH: process.env['PATH'] ?? '',
      HOME: join(checkout, 'home'),
      npm_config_registry: 'http://127.0.0.1:9/',
      npm_config_fetch_retries: '0',
      npm_config_offline: 'false',
    }
  })

  afterEach(() => rmSync(checkout, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))

  const task = (...argv: string[]) =>
    run(process.execPath, ['scripts/run.mjs', ...argv], { cwd: checkout, env }).catch((error: unknown) => error as { code: number; stderr: string })

  test('says what failed and what to do when npm cannot be reached, and leaves no lock behind', async () => {
    const failed = await task('build')
    expect(failed).toMatchObject({ code: 1 })
    expect(failed.stderr).toMatch(/set-up failed: npm packages: exit \d+/)
    expect(failed.stderr).toContain('Try: check that the npm registry can be reached')
    expect(existsSync(join(checkout, '.node', 'setup.lock'))).toBe(false)
  })

  test('takes over the lock of a set-up that died', async () => {
    const gone = await run(process.execPath, ['-p', 'process.pid'])
    mkdirSync(join(checkout, '.node'))
    symlinkSync(gone.stdout.trim(), join(checkout, '.node', 'setup.lock'))
    expect((await task('build')).stderr).toContain('set-up failed: npm packages')
  })

  test('bin/troupe of a checkout passes the failure on', async () => {
    const failed = await run(join(checkout, 'bin', 'troupe'), ['ps'], { env }).catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('first run in this checkout') as string })
  })

  test('knows its tasks', async () => {
    expect(await task('dance')).toMatchObject({ code: 2, stderr: expect.stringContaining('usage:') as string })
  })
})
