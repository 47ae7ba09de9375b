import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { patiently, team, Troupe } from './troupe.ts'

const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))
const missing = existsSync(join(clis, 'claude')) ? null : 'Claude Code is not installed in .clis (npm test puts it there)'
if (missing !== null && process.env['CI'] !== undefined) throw new Error(missing)
if (missing !== null) console.log(`skipped: ${missing}`)

const sub = (n: number): object => ({ tool: 'Agent', args: { description: `part ${n}`, prompt: `Do part ${n}`, subagent_type: 'general-purpose' } })
const scenario = {
  'p:a': [
    { when: '/^Do part/', do: [sub(9), { text: 'part done' }] },
    { when: '/Share/', do: [sub(1), sub(2), sub(3), { tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'shared' }] },
    { otherwise: [{ text: 'seen' }] },
  ],
}

describe.skipIf(missing !== null)('a real Claude Code', () => {
  it('T22: gets as many subagents as a run may have; one more, and one of a subagent, are refused before they begin, by the rule', async () => {
    const troupe = new Troupe(team({ a: { runtime: 'claude-code' } }, { scenario, compose: { breakers: { subagents_per_run: 2 } } }), { PATH: [clis, process.env['PATH'] ?? ''].join(delimiter) })
    await troupe.ok('up')
    await troupe.ok('send', 'a', 'Share')
    await troupe.settled(1)
    const denied = async (): Promise<string[]> => (await troupe.events()).filter(({ type }) => type === 'call.denied').map(({ data }) => String(data['why']))
    expect((await denied()).filter((why) => why.includes('it had 2 subagents in this run, 2 are allowed (breakers.subagents_per_run, team-compose.yaml:1)'))).toHaveLength(1)
    // They work on while the one that asked for them is done.
    await vi.waitFor(async () => expect((await denied()).filter((why) => why.includes('a subagent may not have subagents of its own'))).toHaveLength(2), patiently)
  }, 240_000)
})
