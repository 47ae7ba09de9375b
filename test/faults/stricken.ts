import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'
import type { AgentRow } from '../../src/api/index.ts'
import { teamPaths } from '../../src/config/paths.ts'
import { dist, kill, patiently, team, Troupe } from '../e2e/troupe.ts'
import { census, type Member } from './census.ts'
import { ask, Trickle } from './trickle.ts'

/** What can be killed. The last two are carl's: the agent that reaches the team through a child. */
export const victims = ['daemon', 'keeper', 'control', 'tmux server', 'agent', 'MCP child'] as const
export type Victim = (typeof victims)[number]

const roles: Record<Victim, string> = { daemon: 'daemon', keeper: 'keeper', control: 'control', 'tmux server': 'tmux server', agent: 'p:carl', 'MCP child': 'child of p:carl' }
const names = ['p:ada', 'p:bob', 'p:carl']
const fixture = join(dirname(dirname(fileURLToPath(import.meta.url))), 'fixtures', 'agents', 'with-mcp.mjs')

/** Who is to be there, once each, and below whom. Daemon and keeper bring each other back: either may be the parent. */
const whole = ['child of p:carl < p:carl', 'control < daemon', 'daemon', 'hold < tmux server', 'keeper', ...names.map((name) => `${name} < tmux server`), ...names.map(() => 'log < tmux server'), 'tmux server'].toSorted()

/** A live team with mail going through, to strike at. */
export class Stricken {
  readonly #troupe: Troupe
  readonly #socket: string
  readonly #trickle: Trickle

  constructor() {
    const runtime = { binary: process.execPath, args: [fixture, join(dist, 'shim.js')], supports_mcp: true, ready: '^ready' }
    this.#troupe = new Troupe({ ...team({ ada: {}, bob: {}, carl: { runtime: 'with-mcp' } }), 'runtimes/with-mcp.yaml': JSON.stringify(runtime) })
    this.#socket = teamPaths(this.#troupe.root).operatorSocket
    this.#trickle = new Trickle(this.#socket, names, 100)
  }

  async up(): Promise<void> {
    await this.#troupe.ok('up')
    await this.#healthy()
  }

  /** Kills these in this order, `gapMs` apart, and waits until all is well again. Returns how long that took, ms. */
  async strike(subset: readonly Victim[], gapMs: number): Promise<number> {
    const before = new Map((await this.#rows()).map((row) => [row.agent, row.incarnation]))
    const sent = this.#trickle.sent.size
    this.#trickle.start()
    await vi.waitFor(() => expect(this.#trickle.sent.size).toBeGreaterThan(sent + 3), patiently)
    const members = census(this.#troupe.folder)
    const pids = subset.map((victim) => members.find(({ role }) => role === roles[victim])?.pid)
    expect(pids).not.toContain(undefined)
    const struck = performance.now()
    for (const pid of pids) {
      kill(pid!)
      if (gapMs > 0) await sleep(gapMs)
    }
    // With both gone nobody is left to bring anything back: the next command does.
    if (subset.includes('daemon') && subset.includes('keeper')) await this.#troupe.ok('ps')
    await this.#healthy(new Set(pids))
    const took = performance.now() - struck
    await this.#trickle.stop()
    await this.#settled()
    this.#judge(subset, before, await this.#rows())
    // So that one test can kill them more often than the restart policy lets anybody be killed.
    await ask(this.#socket, (client) => client.call('start', {}))
    return took
  }

  /** Each message that the sender was told is kept: once in the journal, acknowledged once; and the journal is sound. */
  async account(): Promise<void> {
    const told = new Set(this.#trickle.sent.values())
    const journal: { type: string; subject: string }[] = []
    await ask(this.#socket, async (client) => {
      for (let cursor: string | null = null; ; ) {
        const page: { events: typeof journal; cursor: string | null } = await client.call('audit.export', { cursor, limit: 500 })
        journal.push(...page.events)
        if ((cursor = page.cursor) === null) break
      }
      expect(await client.call('audit.verify', {})).toMatchObject({ ok: true })
    })
    const subjects = (type: string) => journal.filter((line) => line.type === type).map((line) => line.subject).toSorted()
    expect(told.size).toBe(this.#trickle.sent.size)
    expect(subjects('message.sent')).toEqual([...told].toSorted())
    expect(subjects('delivery.acked')).toEqual([...told].toSorted())
    expect(subjects('delivery.dead')).toEqual([])
  }

  async down(): Promise<void> {
    await this.#troupe.ok('down')
    await vi.waitFor(() => expect(census(this.#troupe.folder)).toEqual([]), patiently)
  }

  async #rows(): Promise<AgentRow[]> {
    return await ask(this.#socket, (client) => client.call('ps', {}))
  }

  /** Every process is there once, below its parent, of the incarnation that its agent has, and none that was struck. */
  async #healthy(struck: ReadonlySet<number | undefined> = new Set()): Promise<void> {
    await vi.waitFor(async () => {
      const rows = await this.#rows()
      const { pid, keeper } = await ask(this.#socket, (client) => client.call('daemon.status', {}))
      const members = census(this.#troupe.folder)
      expect(members.map(({ role, parent }) => (role === 'daemon' || role === 'keeper' || parent === null ? role : `${role} < ${parent}`)).toSorted()).toEqual(whole)
      expect(members.filter((member) => struck.has(member.pid))).toEqual([])
      expect(rows.map(({ agent, phase }) => `${agent} ${phase}`)).toEqual(names.map((name) => `${name} idle`))
      const incarnations = new Map(rows.map((row) => [row.agent, row.incarnation]))
      for (const { role, incarnation } of members) expect(incarnation, role).toBe(incarnations.get(role.replace('child of ', '')) ?? null)
      expect([one(members, 'daemon'), one(members, 'keeper')]).toEqual([pid, keeper])
    }, { ...patiently, interval: 50 })
  }

  async #settled(): Promise<void> {
    await vi.waitFor(async () => expect((await this.#rows()).map(({ inbox }) => inbox)).toEqual([0, 0, 0]), patiently)
  }

  /** Whoever was not hit is the same as before; whoever was is another one. */
  #judge(subset: readonly Victim[], before: ReadonlyMap<string, string | null>, rows: readonly AgentRow[]): void {
    const changed = rows.filter(({ agent, incarnation }) => before.get(agent) !== incarnation).map(({ agent }) => agent)
    expect(changed).toEqual(subset.includes('tmux server') ? names : subset.includes('agent') ? ['p:carl'] : [])
  }
}

function one(members: readonly Member[], role: string): number | undefined {
  return members.find((member) => member.role === role)?.pid
}
