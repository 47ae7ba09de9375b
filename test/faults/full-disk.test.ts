import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { connect } from '../../src/client/connect.ts'
import { teamPaths } from '../../src/config/paths.ts'
import { TroupeError } from '../../src/core/error.ts'
import { incarnations } from '../e2e/teams.ts'
import { kill, patiently, team, type Row } from '../e2e/troupe.ts'
import { SmallDisk, whyNoMount } from './small-disk.ts'

/** Mail is acknowledged; "exit" ends the agent. */
const scenario = { '*': [{ when: 'exit', do: [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { tool: 'exit', args: { code: 3 } }] }] }

describe.skipIf(whyNoMount() !== null)('T29: a full disk', () => {
  it('refuses mail with a sentence, keeps everything else going, and takes mail again once there is room', async () => {
    const troupe = new SmallDisk(team({ a: {}, b: {} }, { scenario }))
    await troupe.ok('up')
    const before = await incarnations(troupe)
    const acknowledged = await sendUntilFull(troupe)
    expect(acknowledged.size).toBeGreaterThan(0)

    const refused = await troupe.run('send', 'a', 'x'.repeat(60_000))
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(`nothing was stored: the disk of ${troupe.state}/mailbox.db is full`)
    expect(refused.stderr).toContain('Try: free some space')
    const { pid } = await troupe.daemon()
    expect((await troupe.json<Row[]>('ps')).map((row) => row.agent)).toEqual(['p:a', 'p:b'])
    expect(await troupe.json('inspect', 'a')).toMatchObject({ incarnation: before['p:a'] })
    const findings = await doctor(troupe)
    expect(findings.find(({ check }) => check === 'disk of the database')).toMatchObject({ ok: false, reason: expect.stringContaining('0 MB free') })

    // Its end cannot be written down, which is tried on; nothing is started that nobody could account for.
    kill(await troupe.pid('b'))
    for (let n = 0; n < 5; n++) expect((await troupe.run('send', 'a', 'y'.repeat(60_000))).code).toBe(1)
    expect((await troupe.daemon()).pid).toBe(pid)

    troupe.free()
    const after = await vi.waitFor(async () => (await troupe.json<{ id: string }>('send', 'a', 'room again')).id, patiently)
    acknowledged.set(after, 'room again')
    await vi.waitFor(async () => expect(await troupe.agent('b')).toMatchObject({ phase: 'idle', restarts: 1 }), patiently)
    expect((await incarnations(troupe))['p:a']).toBe(before['p:a'])
    expect((await troupe.daemon()).pid).toBe(pid)
    await expectKept(troupe, acknowledged)
    await expectTaken(troupe, acknowledged)
  }, 300_000)

  it('brings the daemon back after kill -9 on a full disk, or says why not, and by itself once there is room', async () => {
    const troupe = new SmallDisk(team({ a: {}, b: {} }, { scenario }))
    await troupe.ok('up')
    const before = await incarnations(troupe)
    const acknowledged = await sendUntilFull(troupe)
    const { pid } = await troupe.daemon()
    troupe.fill()
    kill(pid)
    const ps = await troupe.run('ps')
    if (ps.code !== 0) expect(ps.stderr).toContain('is full')
    const down = await doctor(troupe)
    expect(down.find(({ check }) => check === 'disk of the database')).toMatchObject({ ok: false })
    await sleep(2_000)
    troupe.free()
    await vi.waitFor(async () => {
      const client = await connect({ socket: teamPaths(troupe.root).operatorSocket })
      client.close()
      expect(client.daemon.pid).not.toBe(pid)
    }, patiently)
    // The first one, or one that `ps` started: who meets a daemon first keeps it, and is told the values of the other.
    expect((await troupe.daemon()).keeper).not.toBeNull()
    await vi.waitFor(async () => expect(await incarnations(troupe)).toEqual(before), patiently)
    acknowledged.set((await troupe.json<{ id: string }>('send', 'b', 'room again')).id, 'room again')
    await expectKept(troupe, acknowledged)
    await expectTaken(troupe, acknowledged)
  }, 300_000)
})

/** Sends to `a` until the disk is full; what was acknowledged, by id. */
async function sendUntilFull(troupe: SmallDisk): Promise<Map<string, string>> {
  const acknowledged = new Map<string, string>()
  const client = await connect({ socket: teamPaths(troupe.root).operatorSocket })
  try {
    for (let n = 0; n < 5; n++) await send(n)
    troupe.fill()
    for (let n = 5; n < 1_000; n++) await send(n)
    throw new Error('the disk does not get full')
  } catch (error) {
    if (!(error instanceof TroupeError) || error.code !== 'unavailable') throw error
    expect(error.message).toContain('is full')
    return acknowledged
  } finally {
    client.close()
  }
  async function send(n: number): Promise<void> {
    const text = `${n} ${randomUUID()} ${'x'.repeat(20_000)}`
    const { id } = await client.call('send', { to: 'a', text })
    acknowledged.set(id, text)
  }
}

/** Every acknowledged message is there with its words, once, and the journal is whole. */
async function expectKept(troupe: SmallDisk, acknowledged: Map<string, string>): Promise<void> {
  const mail = await troupe.mail()
  const texts = new Map(mail.map(({ id, text }) => [id, text]))
  expect([...acknowledged].filter(([id, text]) => texts.get(id) !== text).map(([id]) => id)).toEqual([])
  expect(new Set(mail.map(({ n }) => n)).size).toBe(mail.length)
  await vi.waitFor(() => troupe.ok('audit', 'verify'), patiently)
}

/** Each has reached its agent: what it said of it while nothing could be stored is its own affair. */
async function expectTaken(troupe: SmallDisk, acknowledged: Map<string, string>): Promise<void> {
  await vi.waitFor(async () => {
    const queued = (await troupe.mail()).filter(({ id, state }) => acknowledged.has(id) && state.startsWith('queued'))
    expect(queued.map(({ n }) => n)).toEqual([])
  }, patiently)
}

async function doctor(troupe: SmallDisk): Promise<{ check: string; ok: boolean; reason: string }[]> {
  return JSON.parse((await troupe.run('doctor', '--json')).stdout) as { check: string; ok: boolean; reason: string }[]
}
