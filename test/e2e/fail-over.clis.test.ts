import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { patiently, team, Troupe, type Row } from './troupe.ts'

const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))
const missing = ['claude', 'codex'].filter((name) => !existsSync(join(clis, name)))
if (missing.length > 0 && process.env['CI'] !== undefined) throw new Error(`not installed in .clis (npm test puts them there): ${missing.join(', ')}`)
if (missing.length > 0) console.log(`skipped: not installed in .clis: ${missing.join(', ')}`)

type Place = Row & { runtime: string; standsInFor?: { runtime: string; until: number | null } }

const taken = [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'taken' }]
/** What only the other of the two can do: to each, the other's tool is none. */
const deed = {
  codex: { tool: 'exec_command', args: { cmd: 'echo codex >> work.txt', sandbox_permissions: 'require_escalated', justification: 'the work', login: false } },
  'claude-code': { tool: 'Bash', args: { command: 'echo claude-code >> work.txt', description: 'the work' } },
}

class Work extends Troupe {
  readonly #own: string

  constructor(own: keyof typeof deed, other: keyof typeof deed, fallback: string[], seconds: number) {
    const scenario = { 'p:a': [{ when: '/^Work/', do: [{ limit: seconds }, deed[other], ...taken] }, { from: 'troupe', do: taken }] }
    super(team({ a: { runtime: own, fallback } }, { scenario, compose: { rate_limits: { fail_over_after_seconds: 1 } } }), { PATH: [clis, process.env['PATH'] ?? ''].join(delimiter) })
    this.#own = own
  }

  async place(): Promise<Place> {
    return (await this.json<Place[]>('ps'))[0]!
  }

  async moves(): Promise<Record<string, unknown>[]> {
    return (await this.events()).filter(({ type }) => type === 'agent.moved').map(({ data }) => data)
  }

  async told(): Promise<string[]> {
    return (await this.mail()).filter(({ from }) => from === 'troupe').map(({ text }) => text.slice(0, 30)).toReversed()
  }

  /** There and back again, and nothing is left to tell anybody. */
  async isBack(): Promise<void> {
    await vi.waitFor(async () => expect(await this.moves()).toHaveLength(2), patiently)
    await vi.waitFor(async () => {
      expect((await this.mail()).filter(({ state }) => !state.startsWith('acked'))).toEqual([])
      expect(await this.place()).toMatchObject({ runtime: this.#own, phase: 'idle' })
    }, patiently)
  }

  get work(): string {
    const file = join(this.root, 'work.txt')
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }
}

describe.skipIf(missing.length > 0)('fail-over between real CLIs', () => {
  it('goes on in Codex where Claude Code hits a usage limit, and back in its conversation once that is over', async () => {
    const troupe = new Work('claude-code', 'codex', ['codex', 'gemini'], 20)
    await troupe.ok('up')
    const { session } = await troupe.json<{ session: string }>('inspect', 'a')
    await troupe.ok('send', 'a', 'Work')
    await troupe.isBack()
    const [there, back] = await troupe.moves()
    expect(there).toMatchObject({ from: 'claude-code', to: 'codex', why: expect.stringContaining("You've hit your usage limit") as string, until: expect.any(Number) as number })
    expect(back).toMatchObject({ from: 'codex', to: 'claude-code', why: 'claude-code can work again' })
    expect(await troupe.told()).toEqual(['You go on with the work of p:a', 'You are about to be stopped (c', 'You are at work again: codex d'])
    expect((await troupe.json<{ session: string }>('inspect', 'a')).session).toBe(session)
    expect(troupe.work).toBe('codex\n')
  }, 300_000)

  it('goes on in Claude Code where Codex hits one, and back as soon as a person says that it is over', async () => {
    const troupe = new Work('codex', 'claude-code', ['claude-code'], 3600)
    await troupe.ok('up')
    await troupe.ok('send', 'a', 'Work')
    await vi.waitFor(async () => expect((await troupe.mail()).map(({ state }) => state.split(' ')[0])).toEqual(['acked', 'acked']), patiently)
    const { session } = await troupe.json<{ session: string }>('inspect', 'a')
    const [there] = await troupe.moves()
    expect(there).toMatchObject({ from: 'codex', to: 'claude-code', why: expect.stringContaining('hit your usage limit') as string, until: expect.any(Number) as number })
    expect(await troupe.place()).toMatchObject({ runtime: 'claude-code', standsInFor: { runtime: 'codex' } })
    await troupe.ok('start', 'a')
    await troupe.isBack()
    expect((await troupe.told()).at(-1)).toBe('You are at work again: claude-')
    expect((await troupe.json<{ session: string }>('inspect', 'a')).session).not.toBe(session)
    expect(troupe.work).toBe('claude-code\n')
  }, 300_000)
})
