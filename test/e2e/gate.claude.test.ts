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

interface Approval { n: number; action: string; summary: string; status: string; decidedBy: string | null }

/** A `git` that leaves a line for each push and does nothing else. */
const git = '#!/bin/sh\n[ "$1" = push ] && echo "$@" >> "$PUSHED"\nexit 0\n'

const bash = (command: string, description = 'as the test says'): object => ({ tool: 'Bash', args: { command, description } })
const scenario = {
  'p:a': [
    { when: '/^Push/', do: [bash('git push origin main'), { tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'pushed or not' }] },
    { when: '/^Again/', do: [bash('git push origin main', 'other words about it'), { tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'pushed or not' }] },
    { when: '/^Touch (.+)/', do: [bash('touch {1}'), { tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'touched or not' }] },
    { when: '/^Work/', do: [bash('touch worked && echo done'), { tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'worked' }] },
    { from: 'troupe', do: [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'seen' }] },
  ],
}

interface More { agent?: object; hitl?: object; files?: Record<string, string> }

class Pushing extends Troupe {
  constructor({ agent = {}, hitl = {}, files = {} }: More = {}) {
    super({ ...team({ a: { runtime: 'claude-code', env: ['PUSHED'], ...agent } }, { scenario, compose: { hitl } }), ...files }, {})
    const bin = join(this.folder, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'git'), git)
    chmodSync(join(bin, 'git'), 0o755)
    Object.assign(this.env, { PATH: [bin, clis, process.env['PATH'] ?? ''].join(delimiter), PUSHED: join(this.folder, 'pushed') })
  }

  get pushed(): boolean {
    return existsSync(join(this.folder, 'pushed'))
  }

  async approvals(...args: string[]): Promise<Approval[]> {
    return await this.json<Approval[]>('approvals', ...args)
  }

  async held(n = 1): Promise<Approval> {
    return await vi.waitFor(async () => {
      const found = (await this.approvals()).find((each) => each.n === n)
      if (found === undefined) throw new Error(`no pending approval ${n}`)
      return found
    }, patiently)
  }

  /** The agent's, as somebody who is attached to it has it; it is asked for while the daemon is there. */
  async terminal(): Promise<{ screen(): Promise<string>; press(key: string): Promise<void> }> {
    const attach = (await this.agent('a')).attach!
    const tmux = async (...args: string[]): Promise<string> => (await run(['tmux', '-S', attach[attach.indexOf('-S') + 1]!, ...args])).stdout
    const pane = (await tmux('list-panes', '-a', '-F', '#{pane_id} #{session_name}')).split('\n').find((line) => line.endsWith('a-p-a'))!.split(' ')[0]!
    return { screen: async () => await tmux('capture-pane', '-p', '-t', pane), press: async (key) => void (await tmux('send-keys', '-t', pane, key)) }
  }

  async phase(what: RegExp): Promise<void> {
    await vi.waitFor(async () => {
      const { phase, detail } = await this.agent('a')
      expect(`${phase} ${detail}`).toMatch(what)
    }, patiently)
  }
}

describe.skipIf(missing !== null)('a real Claude Code that never asks', () => {
  it('is held at git push until it is approved, works in its folder meanwhile unasked, and passes once', async () => {
    const troupe = new Pushing()
    await troupe.ok('up')
    await troupe.ok('send', 'a', 'Work')
    await troupe.settled(1)
    expect(existsSync(join(troupe.root, 'worked'))).toBe(true)
    await troupe.ok('send', 'a', 'Push')
    expect(await troupe.held()).toMatchObject({ action: 'publish, release, merge_to_main', summary: 'git push origin main', status: 'pending' })
    await troupe.phase(/^waiting approval 1/)
    expect(troupe.pushed).toBe(false)
    expect(await troupe.ok('approve', '1', '--note', 'go')).toBe('approval 1 approved\n')
    await troupe.settled(2)
    expect(troupe.pushed).toBe(true)
    expect((await troupe.approvals('--all'))[0]).toMatchObject({ n: 1, status: 'used', decidedBy: 'user' })
    expect((await troupe.run('deny', '1')).code).toBe(1)
    // Used up: the same call needs a verdict of its own.
    await troupe.ok('send', 'a', 'Again')
    await troupe.held(2)
    await troupe.ok('deny', '2')
    await troupe.settled(3)
    await troupe.phase(/^idle/)
  }, 300_000)

  it('is not kept longer than the team says; the verdict comes as mail, and exactly that call passes once', async () => {
    const troupe = new Pushing({ hitl: { hold: 2 } })
    await troupe.ok('up')
    await troupe.ok('send', 'a', 'Push')
    await troupe.held()
    await troupe.settled(1)
    expect((await troupe.approvals())[0]).toMatchObject({ n: 1, status: 'pending' })
    await troupe.ok('approve', '1')
    const [mail] = await troupe.settled(2)
    expect(mail).toMatchObject({ from: 'troupe', text: expect.stringMatching(/^Approval 1 .* was approved\. Make exactly that call now/) as string })
    expect(troupe.pushed).toBe(false)
    await troupe.ok('send', 'a', 'Again')
    await troupe.settled(3)
    expect(troupe.pushed).toBe(true)
    expect((await troupe.approvals('--all')).map(({ status }) => status)).toEqual(['used'])
  }, 300_000)

  it('is denied where nobody decides', async () => {
    const troupe = new Pushing({ hitl: { expiry: 2 } })
    await troupe.ok('up')
    await troupe.ok('send', 'a', 'Push')
    await troupe.settled(1)
    expect((await troupe.approvals('--all'))[0]).toMatchObject({ n: 1, status: 'expired' })
    expect(troupe.pushed).toBe(false)
  }, 300_000)

  it('joins its request again after the daemon was killed, and asks at its terminal meanwhile', async () => {
    const troupe = new Pushing()
    await troupe.ok('up')
    await troupe.ok('send', 'a', 'Push')
    await troupe.held()
    const { pid } = await troupe.daemon()
    kill(pid)
    await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
    // The hook broke off: the question is Claude's own now.
    await troupe.phase(/^waiting (?!approval)/)
    expect(troupe.pushed).toBe(false)
    await troupe.ok('interrupt', 'a')
    await troupe.phase(/^idle/)
    await troupe.ok('send', 'a', 'Again')
    await troupe.phase(/^waiting approval 1/)
    expect((await troupe.approvals()).map(({ n }) => n)).toEqual([1])
    await troupe.ok('approve', '1')
    await vi.waitFor(() => expect(troupe.pushed).toBe(true), patiently)
  }, 300_000)

  it('asks at its terminal where the daemon is gone, also where the person allows all commands', async () => {
    const troupe = new Pushing({ agent: { args: ['--allowedTools', 'Bash'] } })
    await troupe.ok('up')
    const { pid, keeper } = await troupe.daemon()
    const { screen } = await troupe.terminal()
    await troupe.ok('send', 'a', 'Push')
    await troupe.held()
    kill(keeper ?? 0)
    kill(pid)
    await vi.waitFor(async () => expect(await screen()).toMatch(/Do you want to proceed/), patiently)
    expect(troupe.pushed).toBe(false)
  }, 300_000)

  it('is held where a project’s own settings switch hooks off', async () => {
    const troupe = new Pushing({ agent: { args: ['--setting-sources', 'user,project'] }, files: { '.claude/settings.json': '{"disableAllHooks": true, "permissions": {"allow": ["Bash"]}}' } })
    await troupe.ok('up')
    await troupe.ok('send', 'a', 'Push')
    await troupe.held()
    expect(troupe.pushed).toBe(false)
    await troupe.ok('deny', '1')
    await troupe.settled(1)
    expect(troupe.pushed).toBe(false)
  }, 300_000)

  it('has every call approved in mode confirm, and none made in mode plan that a rule names', async () => {
    const confirm = new Pushing({ agent: { permission_mode: 'confirm' } })
    await confirm.ok('up')
    await confirm.ok('send', 'a', 'Work')
    expect(await confirm.held()).toMatchObject({ action: 'tool_call', summary: 'touch worked && echo done' })
    await confirm.ok('approve', '1')
    await confirm.settled(1)
    expect(existsSync(join(confirm.root, 'worked'))).toBe(true)
    const plan = new Pushing({ agent: { permission_mode: 'plan' } })
    await plan.ok('up')
    await plan.ok('send', 'a', 'Push')
    await plan.settled(1)
    expect(plan.pushed).toBe(false)
    expect(await plan.approvals('--all')).toEqual([])
  }, 300_000)

  it('has its own questions answered by troupe in mode manual, or at its terminal, whoever is first', async () => {
    const troupe = new Pushing({ agent: { permission_mode: 'manual' } })
    const made = (name: string): boolean => existsSync(join(troupe.root, name))
    const ended = async (n: number): Promise<unknown> => await vi.waitFor(async () => {
      const found = (await troupe.approvals('--all')).find((each) => each.n === n)
      expect(found?.status).not.toBe('pending')
      return [found?.status, found?.decidedBy]
    }, patiently)
    await troupe.ok('up')
    const { press, screen } = await troupe.terminal()
    // Held a moment before it is asked: a key that comes earlier answers nothing.
    const isAsked = async (name: string): Promise<boolean> => new RegExp(`touch ${name}[\\s\\S]*Do you want to proceed`).test(await screen())
    const asked = async (name: string): Promise<void> => await vi.waitFor(async () => expect(await isAsked(name)).toBe(true), patiently)
    // Again while it stands: Claude lets a key pass by that comes just after it has asked.
    const answer = async (name: string, key: string): Promise<void> => await vi.waitFor(async () => {
      if (await isAsked(name)) await press(key)
      expect(await isAsked(name)).toBe(false)
    }, { ...patiently, interval: 2_000 })
    await troupe.ok('send', 'a', 'Touch one')
    expect(await troupe.held(1)).toMatchObject({ action: 'prompt', summary: 'touch one' })
    await troupe.phase(/^waiting approval 1/)
    await troupe.ok('approve', '1')
    await troupe.settled(1)
    expect(made('one')).toBe(true)
    await troupe.ok('send', 'a', 'Touch two')
    await troupe.held(2)
    await troupe.ok('deny', '2')
    await troupe.settled(2)
    expect(made('two')).toBe(false)
    await troupe.ok('send', 'a', 'Touch three')
    await troupe.held(3)
    await asked('three')
    await answer('three', 'Enter')
    expect(await ended(3)).toEqual(['used', 'whoever is at its terminal'])
    await troupe.settled(3)
    expect(made('three')).toBe(true)
    await troupe.ok('send', 'a', 'Touch four')
    await troupe.held(4)
    await asked('four')
    await answer('four', 'Escape')
    expect(await ended(4)).toEqual(['denied', 'whoever is at its terminal'])
    expect(made('four')).toBe(false)
  }, 300_000)

  it('finds the verdict at its terminal where the daemon was killed in the middle of its question', async () => {
    const troupe = new Pushing({ agent: { permission_mode: 'manual' } })
    await troupe.ok('up')
    const { screen } = await troupe.terminal()
    for (const [n, name, verdict] of [[1, 'one', 'approve'], [2, 'two', 'deny']] as const) {
      await troupe.ok('send', 'a', `Touch ${name}`)
      await troupe.held(n)
      const { pid } = await troupe.daemon()
      kill(pid)
      await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
      expect((await troupe.approvals()).map((each) => each.n)).toEqual([n])
      expect(await screen()).toMatch(/Do you want to proceed/)
      await troupe.ok(verdict, String(n))
      await troupe.phase(/^idle/)
      expect(existsSync(join(troupe.root, name))).toBe(verdict === 'approve')
    }
    expect((await troupe.approvals('--all')).map(({ status }) => status)).toEqual(['denied', 'used'])
  }, 300_000)
})
