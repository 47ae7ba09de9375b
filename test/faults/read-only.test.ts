import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { connect } from '../../src/client/connect.ts'
import { teamPaths } from '../../src/config/paths.ts'
import { incarnations } from '../e2e/teams.ts'
import { kill, patiently, team, type Row } from '../e2e/troupe.ts'
import { ReadOnlyState, whyNoReadOnly } from './read-only-state.ts'

/** Mail is acknowledged. */
const scenario = { '*': [{ when: 'exit', do: [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { tool: 'exit', args: { code: 3 } }] }] }

describe.skipIf(whyNoReadOnly() !== null)('T29: a state that cannot be written', () => {
  it('under a running daemon refuses mail with a sentence, leaves all else alive, and is used again once it is writable', async () => {
    const { troupe, before, acknowledged, pid } = await atWork()
    troupe.readOnly(pid)
    await refused(troupe, `nothing was stored: ${troupe.state}/mailbox.db is on a file system that is read-only`, 'mount -o remount,rw')
    await answers(troupe, before, pid)
    expect(await doctor(troupe)).toMatchObject({ ok: false, reason: expect.stringContaining('read-only') })

    // Its end cannot be written down, which is tried on; nothing is started that nobody could account for.
    kill(await troupe.pid('b'))
    for (let n = 0; n < 2; n++) expect((await troupe.run('send', 'a', 'not now')).code).toBe(1)
    expect((await troupe.daemon()).pid).toBe(pid)

    await troupe.writable()
    await goesOn(troupe, acknowledged)
    await vi.waitFor(async () => expect(await troupe.agent('b')).toMatchObject({ phase: 'idle', restarts: 1 }), patiently)
    expect((await incarnations(troupe))['p:a']).toBe(before['p:a'])
    expect((await troupe.daemon()).pid).toBe(pid)
  }, 300_000)

  it('keeps the daemon down after kill -9, with the reason, and agents alive; it is back by its keeper, or without one by a command', async () => {
    const { troupe, before, acknowledged, pid } = await atWork()
    const { keeper } = await troupe.daemon()
    troupe.readOnly(pid)
    kill(pid)
    await down(troupe)
    expect(await doctor(troupe)).toMatchObject({ ok: false, reason: expect.stringContaining('read-only') })
    await troupe.writable()
    const next = await vi.waitFor(async () => {
      const client = await connect({ socket: teamPaths(troupe.root).operatorSocket })
      client.close()
      return client.daemon.pid
    }, patiently)
    expect(next).not.toBe(pid)
    expect((await troupe.daemon()).keeper).toBe(keeper)

    troupe.readOnly(next)
    for (const each of [keeper!, next]) kill(each)
    await down(troupe)
    await troupe.writable()
    await vi.waitFor(() => troupe.ok('ps'), patiently)
    await vi.waitFor(async () => expect(await incarnations(troupe)).toEqual(before), patiently)
    await goesOn(troupe, acknowledged)
  }, 300_000)

  it('is named, too, where the files themselves are immutable', async ({ skip }) => {
    const { troupe, before, acknowledged, pid } = await atWork()
    const database = join(troupe.state, 'mailbox.db')
    if (!troupe.immutable(troupe.state, database, `${database}-wal`)) skip('no immutable files here')
    await refused(troupe, `nothing was stored: ${database} may not be written`, 'chattr -i')
    await answers(troupe, before, pid)
    kill(pid)
    const ps = await troupe.run('ps')
    expect(ps.code).toBe(1)
    expect(ps.stderr).toContain(`${database} may not be written`)
    troupe.mutable()
    await vi.waitFor(() => troupe.ok('ps'), patiently)
    await vi.waitFor(async () => expect(await incarnations(troupe)).toEqual(before), patiently)
    await goesOn(troupe, acknowledged)
  }, 300_000)
})

interface AtWork { troupe: ReadOnlyState; before: Record<string, string | null>; acknowledged: Map<string, string>; pid: number }

/** Two agents, and mail that was acknowledged. */
async function atWork(): Promise<AtWork> {
  const troupe = new ReadOnlyState(team({ a: {}, b: {} }, { scenario }))
  await troupe.ok('up')
  const acknowledged = new Map<string, string>()
  const client = await connect({ socket: teamPaths(troupe.root).operatorSocket })
  for (let n = 0; n < 20; n++) {
    const text = randomUUID()
    acknowledged.set((await client.call('send', { to: n % 2 === 0 ? 'a' : 'b', text })).id, text)
  }
  client.close()
  await troupe.settled(20)
  return { troupe, before: await incarnations(troupe), acknowledged, pid: client.daemon.pid }
}

/** Sends are; by and by, since the daemon's writes are caught one thread after the other. */
async function refused(troupe: ReadOnlyState, sentence: string, hint: string): Promise<void> {
  const { stderr } = await vi.waitFor(async () => {
    const ran = await troupe.run('send', 'a', 'while nothing can be stored')
    expect(ran.code).toBe(1)
    return ran
  }, patiently)
  expect(stderr).toContain(sentence)
  expect(stderr).toContain(hint)
}

/** A command cannot start a daemon, and says why. */
async function down(troupe: ReadOnlyState): Promise<void> {
  const ps = await troupe.run('ps')
  expect(ps.code).toBe(1)
  expect(ps.stderr).toContain('is on a file system that is read-only')
  expect(ps.stderr).toContain('mount -o remount,rw')
}

/** What needs no write goes on, by the same daemon and about the same agents. */
async function answers(troupe: ReadOnlyState, before: Record<string, string | null>, pid: number): Promise<void> {
  const rows = await troupe.json<Row[]>('ps')
  expect(Object.fromEntries(rows.map((row) => [row.agent, row.incarnation]))).toEqual(before)
  expect(await troupe.json('inspect', 'a')).toMatchObject({ incarnation: before['p:a'] })
  expect((await troupe.daemon()).pid).toBe(pid)
}

/** New mail is taken, everything that was ever acknowledged is there once, and the journal is whole. */
async function goesOn(troupe: ReadOnlyState, acknowledged: Map<string, string>): Promise<void> {
  const id = await vi.waitFor(async () => (await troupe.json<{ id: string }>('send', 'a', 'writable again')).id, patiently)
  acknowledged.set(id, 'writable again')
  await vi.waitFor(async () => expect((await troupe.mail()).find((each) => each.id === id)?.state).toMatch(/^acked/), patiently)
  const mail = await troupe.mail()
  const texts = new Map(mail.map((each) => [each.id, each.text]))
  expect([...acknowledged].filter(([each, text]) => texts.get(each) !== text)).toEqual([])
  expect(new Set(mail.map(({ n }) => n)).size).toBe(mail.length)
  await vi.waitFor(() => troupe.ok('audit', 'verify'), patiently)
}

async function doctor(troupe: ReadOnlyState): Promise<unknown> {
  const findings = JSON.parse((await troupe.run('doctor', '--json')).stdout) as { check: string }[]
  return findings.find(({ check }) => check === 'disk of the database')
}
