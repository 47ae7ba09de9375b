import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { processesCarrying } from '../../scripts/demo/left-over.ts'
import { kill, patiently, team, Troupe } from './troupe.ts'

const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))
const missing = existsSync(join(clis, 'opencode')) ? null : 'OpenCode is not installed in .clis (npm test puts it there)'
if (missing !== null && process.env['CI'] !== undefined) throw new Error(missing)
if (missing !== null) console.log(`skipped: ${missing}`)

interface Approval { n: number; summary: string; status: string }

/** A `git` that leaves a line for each push and does nothing else. */
const git = '#!/bin/sh\n[ "$1" = push ] && echo "$@" >> "$PUSHED"\nexit 0\n'
const acked = [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'done' }]
const scenario = {
  'p:a': [
    { when: '/^Push/', do: [{ tool: 'Bash', args: { command: 'git push origin main', description: 'as the test says' } }, ...acked] },
    { when: '/^Ask (\\w+)/', do: [{ tool: 'dm', args: { to: 'b', text: 'question {1}' } }, ...acked] },
    { from: 'b', do: acked },
    { from: 'troupe', do: acked },
  ],
  'p:b': [{ when: '/^question (\\w+)/', do: [{ tool: 'dm', args: { to: 'a', text: 'answer {1}' } }, ...acked] }],
}

/** It takes seconds to start and much memory: one team goes through all of it. */
describe.skipIf(missing !== null)('a team with an OpenCode', () => {
  it('talks with proof, is held at git push over a kill of the daemon, comes back from kill -9 with its conversation, and leaves nothing', async () => {
    const troupe = new Troupe(team({ a: { runtime: 'opencode', env: ['PUSHED'] }, b: {} }, { scenario }))
    const bin = join(troupe.folder, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'git'), git)
    chmodSync(join(bin, 'git'), 0o755)
    const pushed = join(troupe.folder, 'pushed')
    Object.assign(troupe.env, { PATH: [bin, clis, process.env['PATH'] ?? ''].join(delimiter), PUSHED: pushed })
    const session = async () => (await troupe.json<{ session: string }>('inspect', 'a')).session
    const approvals = async (...args: string[]) => await troupe.json<Approval[]>('approvals', ...args)
    await troupe.ok('up')

    await troupe.ok('send', 'a', 'Ask one')
    const mail = await troupe.settled(3)
    expect(mail.map(({ text }) => text).toSorted()).toEqual(['Ask one', 'answer one', 'question one'])
    // Whose tool says that it is done with a message may be quicker than the conversation that shows it.
    for (const { id } of mail.filter(({ to }) => to === 'p:a')) expect((await troupe.explain(id)).deliveries[0]?.steps.map((step) => step.what).join('\n')).toMatch(/delivered by push, proof (protocol|record)|offered by push[^]*acknowledged|acknowledged, offered by push/)

    await troupe.ok('send', 'a', 'Push')
    await vi.waitFor(async () => expect(await approvals()).toMatchObject([{ n: 1, summary: 'git push origin main', status: 'pending' }]), patiently)
    const { pid } = await troupe.daemon()
    const before = await troupe.agent('a')
    const conversation = await session()
    kill(pid)
    await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
    // The plugin asks the next daemon, and joins the request that is open.
    await vi.waitFor(async () => expect((await troupe.agent('a')).detail).toMatch(/^approval 1 /), patiently)
    expect(existsSync(pushed)).toBe(false)
    await troupe.ok('approve', '1')
    await vi.waitFor(() => expect(existsSync(pushed)).toBe(true), patiently)
    await troupe.settled(4)
    expect((await approvals('--all')).map(({ n, status }) => ({ n, status }))).toEqual([{ n: 1, status: 'used' }])
    expect((await troupe.agent('a')).incarnation).toBe(before.incarnation)

    kill(await troupe.pid('a'))
    await troupe.ok('send', 'a', 'Ask two')
    await vi.waitFor(async () => expect((await troupe.agent('a')).phase).toMatch(/^(backoff|starting)$/), patiently)
    await vi.waitFor(async () => expect((await troupe.agent('a')).phase).toMatch(/^(idle|busy)$/), patiently)
    expect((await troupe.settled(7)).map(({ text }) => text)).toContain('answer two')
    const after = await troupe.agent('a')
    expect(after.incarnation).not.toBe(before.incarnation)
    expect(await processesCarrying(before.incarnation!)).toEqual([])
    expect(await session()).toBe(conversation)

    await troupe.ok('down')
    expect(await processesCarrying(after.incarnation!)).toEqual([])
    expect(await troupe.leftOver()).toEqual([])
  }, 600_000)
})
