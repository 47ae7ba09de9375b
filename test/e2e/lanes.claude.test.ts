import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { run } from '../../src/util/spawn.ts'
import { kill, patiently, team, Troupe } from './troupe.ts'

const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))
const missing = existsSync(join(clis, 'claude')) ? null : 'Claude Code is not installed in .clis (npm test puts it there)'
if (missing !== null && process.env['CI'] !== undefined) throw new Error(missing)
if (missing !== null) console.log(`skipped: ${missing}`)

const waits = { tool: 'Bash', args: { command: 'touch begun; until [ -e gate ]; do sleep 0.1; done', description: 'waits for the gate' } }
const ack = { tool: 'inbox_ack', args: { ids: '{ids}' } }
const scenario = {
  'p:a': [
    { when: '/^Begin/', do: [waits, ack, { text: 'the first is done' }] },
    { when: '/^Meanwhile/', do: [ack, { text: 'the second is done' }] },
    { when: '/^Push/', do: [{ tool: 'Bash', args: { command: 'git push origin main', description: 'pushes' } }, ack, { text: 'pushed or not' }] },
    { from: 'troupe', do: [ack, { text: 'seen' }] },
  ],
  'p:once': [{ when: '/tidy up/', do: [{ text: 'all is tidy here' }] }],
}
const git = '#!/bin/sh\n[ "$1" = push ] && echo "$@" >> "$PUSHED"\nexit 0\n'

class Laned extends Troupe {
  constructor() {
    const args = ['--allowedTools', 'Bash(touch:*)']
    const agents = { a: { runtime: 'claude-code', mode: 'protocol', env: ['PUSHED'], args }, once: { runtime: 'claude-code', mode: 'oneshot', task: 'tidy up' } }
    super(team(agents, { scenario }), {})
    const bin = join(this.folder, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'git'), git)
    chmodSync(join(bin, 'git'), 0o755)
    Object.assign(this.env, { PATH: [bin, clis, process.env['PATH'] ?? ''].join(delimiter), PUSHED: join(this.folder, 'pushed') })
  }

  get pushed(): boolean {
    return existsSync(join(this.folder, 'pushed'))
  }

  async phase(name: string, what: RegExp): Promise<void> {
    await vi.waitFor(async () => {
      const { phase, detail } = await this.agent(name)
      expect(`${phase} ${detail}`).toMatch(what)
    }, patiently)
  }

  /** As somebody who is attached sees it. */
  async screen(name: string): Promise<string> {
    const attach = (await this.agent(name)).attach!
    const tmux = async (...args: string[]): Promise<string> => (await run(['tmux', '-S', attach[attach.indexOf('-S') + 1]!, ...args])).stdout
    const pane = (await tmux('list-panes', '-a', '-F', '#{pane_id} #{session_name}')).split('\n').find((line) => line.endsWith(`-p-${name}`))!.split(' ')[0]!
    return await tmux('capture-pane', '-p', '-t', pane)
  }

  /** kill -9, and wait for the next. */
  async killDaemon(): Promise<void> {
    const { pid } = await this.daemon()
    kill(pid)
    await vi.waitFor(async () => expect((await this.daemon()).pid).not.toBe(pid), patiently)
  }
}

describe.skipIf(missing !== null)('agents without a screen', () => {
  it('outlive a daemon that is killed in the middle of a turn: nothing is lost, what was asked waits, and one task runs to its end', async () => {
    const troupe = new Laned()
    await troupe.ok('up')
    await troupe.phase('once', /^stopped done/)
    const { evidence } = await troupe.json<{ evidence: { what: string }[] }>('inspect', 'once')
    expect(evidence.map(({ what }) => what)).toContain('the run came to its end')

    await troupe.ok('send', 'a', 'Begin')
    await vi.waitFor(() => expect(existsSync(join(troupe.root, 'begun'))).toBe(true), patiently)
    const pid = await troupe.pid('a')
    await troupe.killDaemon()
    await troupe.phase('a', /^busy/)
    await troupe.ok('send', 'a', 'Meanwhile')
    writeFileSync(join(troupe.root, 'gate'), '')
    const mail = await troupe.settled(2)
    await troupe.phase('a', /^idle/)
    expect(await troupe.pid('a')).toBe(pid)
    expect((await troupe.agent('a')).restarts).toBe(0)
    expect(mail.map(({ text }) => text).toSorted()).toEqual(['Begin', 'Meanwhile'])
    const screen = await troupe.screen('a')
    expect(screen).toMatch(/⚙ Bash touch begun/)
    expect(screen).toContain('● the second is done')

    await troupe.ok('send', 'a', 'Push')
    await troupe.phase('a', /^waiting approval 1/)
    await troupe.killDaemon()
    await troupe.phase('a', /^waiting approval 1/)
    expect(await troupe.screen('a')).toContain('may it? Bash git push origin main')
    expect(troupe.pushed).toBe(false)
    await troupe.ok('approve', '1')
    await troupe.settled(3)
    expect(troupe.pushed).toBe(true)
    const usage = await troupe.json<{ agent: string; tokens: { output: number } }[]>('usage')
    expect(usage.map(({ agent, tokens }) => [agent, tokens.output > 0]).toSorted()).toEqual([['p:a', true], ['p:once', true]])
    await troupe.ok('down')
    expect(await troupe.leftOver()).toEqual([])
  }, 300_000)
})
