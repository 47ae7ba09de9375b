import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { kill, patiently, team, Troupe } from './troupe.ts'

interface Approval { n: number; action: string; summary: string; status: string; decidedBy: string | null }

const ack = { tool: 'inbox_ack', args: { ids: '{ids}' } }
const scenario = {
  '*': [
    { when: '/^Run (.+)/', do: [{ tool: 'Bash', args: { command: '{1}' } }, ack, { text: 'ran or not' }] },
    { when: '/^Write (.+)/', do: [{ tool: 'Write', args: { file_path: '{1}', content: 'words' } }, ack, { text: 'wrote or not' }] },
    { when: '/^Read (.+)/', do: [{ tool: 'Read', args: { file_path: '{1}' } }, ack, { text: 'read or not' }] },
    { from: 'troupe', do: [ack, { text: 'heard' }] },
  ],
}

/** Scripted agents with a `git` that leaves a line for each push and does nothing else. */
class Working extends Troupe {
  constructor(agents: Record<string, object>, hitl: object = {}) {
    super(team(agents, { scenario, compose: { hitl } }))
    const bin = join(this.folder, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'git'), '#!/bin/sh\n[ "$1" = push ] && echo "$@" >> pushed\nexit 0\n')
    chmodSync(join(bin, 'git'), 0o755)
    this.env['PATH'] = [bin, this.env['PATH']].join(delimiter)
  }

  get pushes(): number {
    const file = join(this.root, 'pushed')
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0
  }

  made(name: string): boolean {
    return existsSync(join(this.root, name))
  }

  async held(n: number): Promise<Approval> {
    return await vi.waitFor(async () => {
      const found = (await this.json<Approval[]>('approvals')).find((each) => each.n === n)
      if (found === undefined) throw new Error(`no pending approval ${n}`)
      return found
    }, patiently)
  }
}

it('scripted agents ask the gate as others do: held, approved, denied, allowed by a window, over the death of the daemon', async () => {
  const until = new Date(Date.now() + 3_600_000).toISOString()
  const troupe = new Working({ a: {}, b: {} }, { auto_approve_windows: [{ action: 'publish', agent: 'b', until }, { action: 'release', agent: 'b', until }, { action: 'merge_to_main', agent: 'b', until }] })
  await troupe.ok('up')
  await troupe.ok('send', 'a', 'Run touch worked')
  await troupe.settled(1)
  expect(troupe.made('worked')).toBe(true)
  await troupe.ok('send', 'a', 'Run git push')
  expect(await troupe.held(1)).toMatchObject({ action: 'publish, release, merge_to_main', summary: 'git push' })
  await vi.waitFor(async () => expect((await troupe.agent('a')).detail).toMatch(/^approval 1/), patiently)
  const { pid } = await troupe.daemon()
  kill(pid)
  await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
  expect(troupe.pushes).toBe(0)
  await troupe.ok('approve', '1')
  await troupe.settled(2)
  expect(troupe.pushes).toBe(1)
  await troupe.ok('send', 'a', 'Run git push')
  await troupe.held(2)
  await troupe.ok('deny', '2')
  await troupe.settled(3)
  await troupe.ok('send', 'b', 'Run git push')
  await troupe.settled(4)
  expect(troupe.pushes).toBe(2)
  expect((await troupe.json<Approval[]>('approvals', '--all')).map(({ status }) => status)).toEqual(['used', 'denied', 'used'])
  expect(await troupe.ok('inspect', 'a')).toMatch(/gate +asks before each tool call/)
}, 240_000)

it('each mode and autonomy holds what it says', async () => {
  const troupe = new Working({ plan: { permission_mode: 'plan' }, confirm: { permission_mode: 'confirm' }, manual: { permission_mode: 'manual' }, proposal: { autonomy: 'proposal_only' }, bypass: { permission_mode: 'bypass' } })
  await troupe.ok('up')
  // Reading is free but where every call is approved; a change is not made in mode plan.
  for (const agent of ['plan', 'manual', 'proposal', 'bypass']) await troupe.ok('send', agent, 'Read team-compose.yaml')
  await troupe.ok('send', 'plan', 'Write planned')
  await troupe.ok('send', 'bypass', 'Run touch bypassed')
  await troupe.settled(6)
  expect([troupe.made('planned'), troupe.made('bypassed')]).toEqual([false, true])
  expect(await troupe.json('approvals', '--all')).toEqual([])
  const holds: [agent: string, action: string, words: string][] = [['confirm', 'tool_call', 'Read team-compose.yaml'], ['manual', 'prompt', 'Write manual'], ['proposal', 'change', 'Run touch proposal']]
  for (const [index, [agent, action, words]] of holds.entries()) {
    await troupe.ok('send', agent, words)
    expect(await troupe.held(index + 1)).toMatchObject({ action })
    expect(troupe.made(agent)).toBe(false)
    await troupe.ok('approve', String(index + 1))
  }
  await troupe.settled(9)
  expect([troupe.made('manual'), troupe.made('proposal')]).toEqual([true, true])
}, 240_000)

it('a program that asks for no leave is told apart: in validate, in inspect, and where a mode could not be held', async () => {
  const files = (agent: object): Record<string, string> => ({ ...team({ a: { runtime: 'own', ...agent } }), 'runtimes/own.yaml': JSON.stringify({ binary: 'sh', args: ['-c', 'echo ready; sleep 600'], supports_mcp: false, ready: '^ready' }) })
  const troupe = new Troupe(files({ permission_mode: 'manual', autonomy: 'proposal_only' }))
  const said = (await troupe.run('validate', '-v')).stderr + (await troupe.run('validate', '-v')).stdout
  expect(said).toContain('gate: false: `own` does not ask before its tool calls')
  expect(said).toMatch(/warning.*permission mode `manual` forwards nothing here/)
  expect(said).toMatch(/warning.*autonomy `proposal_only` holds nothing here/)
  await troupe.ok('up')
  expect(await troupe.ok('inspect', 'a')).toMatch(/gate +none/)
  for (const mode of ['plan', 'confirm']) {
    troupe.write(files({ permission_mode: mode }))
    const refused = await troupe.run('validate')
    expect([refused.code, refused.stdout + refused.stderr]).toEqual([2, expect.stringContaining(`permission mode \`${mode}\` cannot be held here`)])
  }
}, 240_000)
