import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { processesCarrying } from '../../scripts/demo/left-over.ts'
import { slice } from './slice.ts'
import { kill, pair, patiently, team, Troupe } from './troupe.ts'

const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))
const missing = existsSync(join(clis, 'codex')) ? null : 'Codex is not installed in .clis (npm test puts it there)'
if (missing !== null && process.env['CI'] !== undefined) throw new Error(missing)
if (missing !== null) console.log(`skipped: ${missing}`)

const env = { PATH: [clis, process.env['PATH'] ?? ''].join(delimiter) }

/** A `git` that leaves a line for each push and does nothing else. */
const git = '#!/bin/sh\n[ "$1" = push ] && echo "$@" >> "$PUSHED"\nexit 0\n'
const shell = (cmd: string): object => ({ tool: 'exec_command', args: { cmd, sandbox_permissions: 'require_escalated', justification: 'as the test says', login: false } })
const acked = [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'done with it' }]
const scenario = {
  'p:a': [
    { when: '/^Push/', do: [shell('git push origin main'), ...acked] },
    { from: 'troupe', do: acked },
    { from: 'user', do: acked },
  ],
}

interface Approval {
  n: number
  status: string
  summary: string
}

class Pushing extends Troupe {
  constructor() {
    super(team({ a: { runtime: 'codex', env: ['PUSHED'] } }, { scenario }), {})
    const bin = join(this.folder, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'git'), git)
    chmodSync(join(bin, 'git'), 0o755)
    Object.assign(this.env, { PATH: [bin, clis, process.env['PATH'] ?? ''].join(delimiter), PUSHED: join(this.folder, 'pushed') })
  }

  get pushed(): string[] {
    const file = join(this.folder, 'pushed')
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
  }

  async held(n: number): Promise<Approval> {
    return await vi.waitFor(async () => {
      const found = (await this.json<Approval[]>('approvals')).find((each) => each.n === n)
      if (found === undefined) throw new Error(`no pending approval ${n}`)
      return found
    }, patiently)
  }
}

describe.skipIf(missing !== null)('Codex on a scripted model', () => {
  slice(() => new Troupe(pair({ runtime: 'codex' }), env))

  it('is held at git push until that is approved, passes once, is not let through by a daemon that is killed meanwhile, and comes back when its app-server is killed', async () => {
    const troupe = new Pushing()
    await troupe.ok('up')
    await troupe.ok('send', 'a', 'Push')
    expect(await troupe.held(1)).toMatchObject({ summary: 'git push origin main', status: 'pending' })
    expect(troupe.pushed).toEqual([])
    await troupe.ok('approve', '1')
    await troupe.settled(1)
    expect(troupe.pushed).toEqual(['push origin main'])
    await troupe.ok('send', 'a', 'Push')
    await troupe.held(2)
    const { pid } = await troupe.daemon()
    kill(pid)
    await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
    await troupe.settled(2)
    expect(troupe.pushed).toEqual(['push origin main'])
    // A terminal without its app-server would wait for it for good.
    const { incarnation } = await troupe.agent('a')
    kill(await appServer(incarnation!))
    await vi.waitFor(async () => expect(await troupe.agent('a')).toMatchObject({ phase: 'idle', incarnation: expect.not.stringMatching(incarnation!) as string }), patiently)
    const home = await homes(troupe)
    expect(home).toHaveLength(1)
    await troupe.ok('down')
    await vi.waitFor(async () => expect(await troupe.leftOver()).toEqual([]), patiently)
    // Kept for the next incarnation.
    expect(await homes(troupe)).toEqual(home)
  }, 300_000)
})

async function appServer(incarnation: string): Promise<number> {
  const pids = await processesCarrying(`TROUPE_INCARNATION=${incarnation}`)
  const found = pids.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('app-server'))
  if (found === undefined) throw new Error('no app-server of this incarnation runs')
  return found
}

/** The homes of its agents that Codex knows. */
async function homes(troupe: Troupe): Promise<string[]> {
  return await readdir(join(troupe.env['HOME'] ?? '', '.troupe', 'codex')).catch(() => [])
}
