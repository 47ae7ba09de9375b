import { basename, dirname } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { address, fixtures, mates, rehearsed, strangers, type Declared, type DeclaredAgent } from './day.ts'
import { patiently, type Mail, type Row, type Troupe } from './troupe.ts'

interface Approval { n: number; status: string; agent: string; action: string; summary: string }

/** One team on one day: what happens, in words of the test, and what must have come of it. */
class Day {
  readonly #troupe: Troupe
  readonly #declared: Declared

  constructor(troupe: Troupe, declared: Declared) {
    this.#troupe = troupe
    this.#declared = declared
  }

  async order(to: DeclaredAgent, words: string): Promise<void> {
    await this.#troupe.ok('send', address(to), words)
  }

  /** `from > to: text` of every message between agents, oldest first. */
  async said(): Promise<string[]> {
    const mail = await this.#troupe.mail()
    return mail.filter(({ from }) => from !== 'user' && from !== 'troupe').map(({ from, to, text }) => `${from} > ${to}: ${text}`).toReversed()
  }

  async hears(from: DeclaredAgent, to: string, text: string): Promise<void> {
    await vi.waitFor(async () => expect(await this.said()).toContain(`${address(from)} > ${to}: ${text}`), patiently)
  }

  /** An agent was told no by its tool, and nothing was sent. */
  async refused(from: DeclaredAgent, words: string, text: string): Promise<void> {
    await this.order(from, `${words} ${text}`)
    await this.quiet()
    expect((await this.said()).filter((line) => line.endsWith(`: ${text}`)), `${address(from)} ${words}`).toEqual([])
  }

  /** The same, where it is a rule that says no: the journal names it. */
  async denied(from: DeclaredAgent, words: string, text: string): Promise<void> {
    await this.refused(from, words, text)
    const refusals = (await this.#troupe.events()).filter(({ type, agent }) => type === 'call.refused' && agent === address(from))
    expect(refusals, `${address(from)} ${words}`).not.toEqual([])
  }

  /** Everything was read and is done with. */
  async quiet(): Promise<Mail[]> {
    return await vi.waitFor(async () => {
      const mail = await this.#troupe.mail()
      expect(mail.filter(({ state }) => !state.startsWith('acked'))).toEqual([])
      return mail
    }, patiently)
  }

  async pending(summary: string): Promise<Approval> {
    return await vi.waitFor(async () => {
      const found = (await this.#troupe.json<Approval[]>('approvals')).find((each) => each.summary === summary)
      if (found === undefined) throw new Error(`nothing waits for a verdict on ${summary}`)
      return found
    }, patiently)
  }

  async verdict(summary: string): Promise<string> {
    const all = await this.#troupe.json<Approval[]>('approvals', '--all')
    return all.find((each) => each.summary === summary)?.status ?? 'unknown'
  }

  /** Resolves with the verdicts of the day. */
  async work(): Promise<string[]> {
    const { lead, hand } = mates(this.#declared)
    await this.#troupe.ok('up')
    await this.order(hand, 'ask soon for publish the note nobody read')
    await this.allowed(lead, hand)
    await this.strangers(lead)
    await this.bridged()
    await this.decided(lead, hand)
    await this.throttled(lead, hand)
    await vi.waitFor(async () => expect(await this.verdict('the note nobody read')).toBe('expired'), patiently)
    await this.overBudget(lead)
    await this.#troupe.ok('audit', 'verify')
    const verdicts = (await this.#troupe.json<Approval[]>('approvals', '--all')).map(({ status }) => status)
    await this.#troupe.ok('down')
    await vi.waitFor(async () => expect(await this.#troupe.leftOver()).toEqual([]), patiently)
    return verdicts.toSorted()
  }

  async allowed(lead: DeclaredAgent, hand: DeclaredAgent): Promise<void> {
    await this.order(lead, `tell ${hand.id} begin with the index`)
    await this.hears(lead, address(hand), 'begin with the index')
    const { channels } = this.#declared.projects.find(({ id }) => id === lead.project)!
    const channel = channels.find(({ name, members }) => lead.on.includes(name) && members.includes(lead.id) && members.length > 1)!
    await this.order(lead, `say on ${channel.name} good morning`)
    await this.hears(lead, `${lead.project}#${channel.name}`, 'good morning')
  }

  async strangers(lead: DeclaredAgent): Promise<void> {
    await this.refused(lead, 'tell nobody_here', 'to a name that is not there')
    await this.refused(lead, 'say on nowhere', 'to a channel that is not there')
    const pair = strangers(this.#declared)
    if (pair !== null) await this.denied(pair.from, `tell ${pair.to.id}`, 'past the rules')
    for (const project of this.#declared.projects) for (const agent of project.agents) {
      const outside = agent.on.find((name) => !project.channels.find((channel) => channel.name === name)?.members.includes(agent.id))
      if (outside !== undefined) await this.denied(agent, `say on ${outside}`, 'where I am no member')
    }
  }

  /** Two managers of different projects; in a team of one project there is nothing to bridge, and that is said. */
  async bridged(): Promise<void> {
    const [one, two] = this.#declared.projects.map(({ agents }) => agents.find(({ manager }) => manager)!)
    const open = ['bridge', 'open', '--from', address(one!), '--topic', 'the week', '--to']
    if (two === undefined) {
      const worker = this.#declared.projects[0]!.agents.find(({ manager }) => !manager)!
      const ran = await this.#troupe.run(...open, address(worker))
      expect([ran.code, ran.stderr]).toEqual([3, expect.stringContaining(worker.id)])
      return
    }
    await this.denied(one!, `tell ${address(two)}`, 'before there is a bridge')
    await this.#troupe.ok(...open, address(two))
    await this.order(one!, `tell ${address(two)} over the bridge`)
    await this.hears(one!, address(two), 'over the bridge')
    await this.order(two, `tell ${address(one!)} and back`)
    await this.hears(two, address(one!), 'and back')
    await this.#troupe.ok('bridge', 'close', '1')
    await this.denied(one!, `tell ${address(two)}`, 'after the bridge is closed')
  }

  async decided(lead: DeclaredAgent, hand: DeclaredAgent): Promise<void> {
    await this.order(lead, 'ask for publish the weekly letter')
    await this.order(hand, 'ask for publish the whole archive')
    const [letter, archive] = [await this.pending('the weekly letter'), await this.pending('the whole archive')]
    await this.#troupe.ok('approve', String(letter.n), '--note', 'once')
    await this.#troupe.ok('deny', String(archive.n))
    expect((await this.#troupe.run('approve', String(archive.n))).code).toBe(1)
    expect([await this.verdict('the weekly letter'), await this.verdict('the whole archive')]).toEqual(['approved', 'denied'])
  }

  async throttled(lead: DeclaredAgent, hand: DeclaredAgent): Promise<void> {
    await this.order(lead, `tell ${hand.id} thank you`)
    await vi.waitFor(async () => {
      const stopped = (await this.#troupe.events()).filter(({ type }) => type === 'message.throttled')
      expect(stopped).toMatchObject([{ data: { limit: 'loop_guard.hops' } }])
    }, patiently)
    await this.quiet()
  }

  async overBudget(lead: DeclaredAgent): Promise<void> {
    await this.order(lead, 'think hard')
    await vi.waitFor(async () => {
      const rows = (await this.#troupe.json<Row[]>('ps')).filter(({ agent }) => agent.startsWith(`${lead.project}:`))
      for (const row of rows) expect(row, row.agent).toMatchObject({ phase: 'parked', detail: expect.stringContaining('usd_limit') as string })
    }, patiently)
    expect(await this.#troupe.ok('budget')).toMatch(/stopped by budget\.\S+ \(team-compose\.yaml:\d+\)/)
    expect((await this.#troupe.events()).map(({ type }) => type)).toContain('budget.stopped')
  }
}

const all = fixtures()
const nameOf = (folder: string): string => basename(dirname(folder))

describe('each of the eight teams has its day, from up to down', () => {
  it('is all of them', () => {
    expect(all.map(nameOf).toSorted()).toEqual([
      'hello-team', 'indie-game-studio', 'market-analysts', 'newsletter-office', 'oss-maintainer', 'own-team', 'solo-triage', 'startup-team',
    ])
  })

  // Most of a day is waiting: for people who decide, for a request that nobody decides on. So four of them pass at once.
  it.each([all.slice(0, 4), all.slice(4)].map((folders) => ({ names: folders.map(nameOf).join(', '), folders })))('$names', async ({ folders }) => {
    const days = folders.map(async (folder) => {
      const { troupe, declared } = rehearsed(folder)
      return await new Day(troupe, declared).work()
    })
    for (const verdicts of await Promise.all(days)) expect(verdicts).toEqual(['approved', 'denied', 'expired'])
  }, 600_000)
})
