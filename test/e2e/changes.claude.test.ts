import { existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { commandOf } from './teams.ts'
import { patiently, team, Troupe } from './troupe.ts'

const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))
const missing = existsSync(join(clis, 'claude')) ? null : 'Claude Code is not installed in .clis (npm test puts it there)'
if (missing !== null && process.env['CI'] !== undefined) throw new Error(missing)
if (missing !== null) console.log(`skipped: ${missing}`)

const scenario = {
  'p:a': [
    { when: '/^Work/', do: [{ tool: 'Bash', args: { command: 'touch begun; until [ -e gate ]; do sleep 0.1; done', description: 'waits for the gate' } }, { tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'worked' }] },
    { when: '/You are about to be stopped/', do: [{ tool: 'ready' }, { text: 'saved' }] },
    { from: 'user', do: [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'heard' }] },
  ],
}

const files = (agent: object): Record<string, string> => team({ a: { runtime: 'claude-code', role_prompt: 'role.md', args: ['--allowedTools', 'Bash'], ...agent } }, { scenario, compose: { supervisor: { drain_timeout_secs: 60 } } })

interface Seen { session: string; pid: number }

describe.skipIf(missing !== null)('a change of the files of a Claude Code', () => {
  it('of its prompt resumes its conversation, after a turn that runs; of its tools begins a fresh one, after it saved', async () => {
    const troupe = new Troupe({ ...files({}), 'role.md': 'You are a.' }, { PATH: [clis, process.env['PATH'] ?? ''].join(delimiter) })
    await troupe.ok('up')
    const first = await troupe.json<Seen>('inspect', 'a')
    const { n } = await troupe.json<{ n: number }>('send', 'a', 'Work')
    await vi.waitFor(() => expect(existsSync(join(troupe.root, 'begun'))).toBe(true), patiently)
    troupe.write({ 'role.md': 'You are a, and careful.' })
    const reload = troupe.run('reload')
    await vi.waitFor(async () => expect(await troupe.agent('a')).toMatchObject({ phase: 'stopping', detail: 'at the end of its turn' }), patiently)
    writeFileSync(join(troupe.root, 'gate'), '')
    expect(await reload).toMatchObject({ code: 0, stderr: expect.stringContaining('content of role.md') as string })
    // The turn was not cut off: what it was given is done.
    expect((await troupe.explain(n)).deliveries[0]?.state).toBe('acked')
    const second = await troupe.json<Seen>('inspect', 'a')
    expect(second.pid).not.toBe(first.pid)
    expect(second.session).toBe(first.session)
    expect(commandOf(second.pid)).toContain(`--resume ${first.session}`)

    await troupe.ok('send', 'a', 'Do you hear me?')
    await vi.waitFor(async () => expect(await troupe.agent('a')).toMatchObject({ phase: 'idle', inbox: 0 }), patiently)
    troupe.write(files({ mcps: { more: { command: 'true' } } }))
    const plan = await troupe.run('plan')
    expect(plan.stdout).toMatch(/restart +p:a +mcps\.more \(projects\/p\.yaml:1\); a fresh conversation: its tools change/)
    await troupe.ok('reload')
    const third = await troupe.json<Seen>('inspect', 'a')
    expect(third.session).not.toBe(second.session)
    expect(commandOf(third.pid)).not.toContain('--resume')
    const ends = (await troupe.events()).filter(({ type }) => type === 'agent.ended').map(({ data }) => data['drain'])
    expect(ends).toEqual([expect.stringMatching(/^(turn ended|ready)$/), 'ready'])
  }, 300_000)
})
