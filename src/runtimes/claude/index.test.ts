import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { claude } from './index.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'troupe-health-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const help = '--session-id --setting-sources --strict-mcp-config --append-system-prompt[-file] --effort (choices: --permission-mode "manual", "plan")'

function install(version: string, says = help): void {
  const program = join(folder, 'claude')
  writeFileSync(program, `#!/bin/sh\ncase "$1" in --version) echo "${version}" ;; --help) echo '${says}' ;; esac\n`)
  chmodSync(program, 0o755)
}

const health = (env: Record<string, string> = {}) =>
  claude().health({ env: { PATH: `${folder}:/usr/bin:/bin`, ...env }, home: folder, isRoot: false, clock: systemClock })

describe('health', () => {
  it('tells version, features and whether there is a login', async () => {
    install('2.1.329 (Claude Code)')
    expect(await health()).toMatchObject({ version: '2.1.329', problem: null, features: { sessionId: true, effort: true, freshSystemPrompt: false, authenticated: false } })
    expect(await health({ ANTHROPIC_API_KEY: 'k' })).toMatchObject({ features: { authenticated: true } })
    writeFileSync(join(folder, '.claude.json'), '{"oauthAccount":{}}')
    expect(await health()).toMatchObject({ features: { authenticated: true } })
  })

  it.each([
    ['too old', '2.1.100', help, /older than 2\.1\.197/],
    ['of another kind', '3.0.0', '--session-id', /systemPromptFile/],
    ['broken', 'oops', help, /did not answer with a version/],
  ])('says what to do where it is %s', async (_name, version, says, why) => {
    install(version, says)
    const { installed, problem } = await health()
    expect(installed).toBe(true)
    expect(problem?.why).toMatch(why)
    expect(problem?.fix).toContain('npm install')
  })

  it('sees a new version without being started again', async () => {
    install('2.1.329')
    const runtime = claude()
    const host = { env: { TROUPE_CLAUDE: join(folder, 'claude') }, home: folder, isRoot: false, clock: systemClock }
    expect((await runtime.health(host)).version).toBe('2.1.329')
    install('2.1.3301')
    expect((await runtime.health(host)).version).toBe('2.1.3301')
  })

  it('takes no relative program, and none that is not there', async () => {
    for (const name of ['claude', join(folder, 'none')]) expect(await health({ TROUPE_CLAUDE: name })).toMatchObject({ installed: false })
  })
})
