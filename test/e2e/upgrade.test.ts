import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { processesCarrying } from '../../scripts/demo/left-over.ts'
import { current, installLast, last } from './releases.ts'
import { openShim } from './shim.ts'
import { commandOf, environmentOf, expectOneEach, incarnations, shellAgent } from './teams.ts'
import { dist, kill, patiently, team, Troupe, type Row } from './troupe.ts'

const shipped = join(dist, 'troupe.cjs')

/** "work" begins a turn that does not end by itself. */
const scenario = {
  '*': [
    { when: '/^work/', do: [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { tool: 'sleep', args: { ms: 3_600_000 } }, { text: 'done' }] },
    { when: '/^ask (\\w+)/', do: [{ tool: 'dm', args: { to: '{1}', text: 'for you' } }, { tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'done' }] },
    { when: '/./', do: [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'done' }] },
  ],
}

interface Versions { version: string; daemon: { version: string; pid: number } | null }

const pids = async (troupe: Troupe, names: string[]) => Object.fromEntries(await Promise.all(names.map(async (name) => [name, await troupe.pid(name)])))

/** The daemon and its keeper, once both are of the current release. */
async function taken(troupe: Troupe): Promise<{ pid: number; keeper: number }> {
  return await vi.waitFor(async () => {
    const found = await troupe.json<{ pid: number; keeper: number | null; version: string }>('daemon', 'status')
    expect(found.version).toBe(current)
    expect(commandOf(found.keeper ?? 0)).toContain('keeper.js')
    return { pid: found.pid, keeper: found.keeper! }
  }, patiently)
}

const gone = (pid: number) => vi.waitFor(() => expect(commandOf(pid)).toBe(''), patiently)

/** Everything acknowledged, each message once, and the journal whole. */
async function expectComplete(troupe: Troupe, messages: number): Promise<void> {
  const mail = await troupe.settled(messages)
  expect(mail).toHaveLength(messages)
  const journal = (await troupe.events()).filter(({ type }) => type.startsWith('delivery.'))
  const told = (kind: string) => journal.filter(({ type }) => type === kind).map(({ data }) => Number(data['n'])).toSorted((a, b) => a - b)
  expect(told('delivery.acked')).toEqual(mail.map(({ n }) => n).toReversed())
  expect(told('delivery.delivered')).toEqual([...new Set(told('delivery.delivered'))])
  await troupe.ok('audit', 'verify')
}

it(`takes over from ${last}: its daemon runs, its folder is gone, its agents work`, async () => {
  const agents = { a: {}, b: {}, busy: {}, still: {}, flaky: { runtime: 'flaky' } }
  const troupe = new Troupe({ ...team(agents, { scenario }), ...shellAgent('flaky', 'exit 3') })
  const old = await installLast(troupe.folder)
  troupe.program = old.program
  expect((await troupe.run('up')).code).toBe(1)
  await troupe.ok('send', 'a', 'ask b')
  await troupe.ok('send', 'busy', 'work')
  await troupe.ok('stop', 'still')
  await troupe.settled(3)
  await vi.waitFor(async () => expect((await troupe.agent('busy')).phase).toBe('busy'), patiently)
  await troupe.ok('send', 'still', 'while you were stopped')
  const waits = (await troupe.agent('flaky')).restarts
  const before = await troupe.daemon()
  const who = await incarnations(troupe)
  const running = await pids(troupe, ['a', 'b', 'busy'])
  const shim = openShim(join(old.folder, 'dist', 'shim.js'), environmentOf(running['a']!))
  expect(await shim.call('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } })).toHaveProperty('result')

  old.uninstall()
  troupe.program = shipped
  expect(await troupe.json<Versions>('version')).toMatchObject({ version: current, daemon: { version: last, pid: before.pid } })
  expect((await troupe.json<Row[]>('ps')).map(({ agent }) => agent)).toHaveLength(5)
  await troupe.ok('send', 'busy', 'while you were busy')
  await troupe.ok('send', 'a', 'by the old daemon')
  const doctor = await troupe.run('doctor', '--json')
  expect(JSON.parse(doctor.stdout)).toContainEqual(expect.objectContaining({ check: 'daemon', ok: false, fix: expect.stringContaining('troupe daemon restart') }))

  expect(await troupe.run('daemon', 'restart')).toMatchObject({ code: 0, stderr: expect.stringContaining('get that of this shell') })
  const now = await taken(troupe)
  expect(now.pid).not.toBe(before.pid)
  expect(commandOf(now.keeper)).toContain(dist)
  for (const pid of [before.pid, before.keeper!]) await gone(pid)
  expect(await pids(troupe, ['a', 'b', 'busy'])).toEqual(running)
  expect({ ...(await incarnations(troupe)), 'p:flaky': null }).toEqual({ ...who, 'p:flaky': null })
  expect((await troupe.agent('flaky')).restarts).toBeGreaterThanOrEqual(waits)
  expect(await shim.call('tools/call', { name: 'whoami', arguments: {} })).toMatchObject({ result: { structuredContent: { agent: 'p:a' } } })
  shim.end()

  await troupe.ok('send', 'b', 'ask a')
  await troupe.ok('interrupt', 'busy')
  await troupe.ok('start', 'still')
  await expectComplete(troupe, 8)
  expect(commandOf(await troupe.pid('still'))).toContain(dist)
  await troupe.ok('stop', 'flaky')
  expect((await troupe.agent('busy')).restarts).toBe(0)
}, 300_000)

it(`is brought back by the keeper of ${last} after kill -9, once the programs were replaced; what is older than the database is refused`, async () => {
  const troupe = new Troupe(team({ a: {}, b: {} }, { scenario }))
  const old = await installLast(troupe.folder)
  troupe.program = old.program
  await troupe.ok('up')
  await troupe.ok('send', 'a', 'ask b')
  await troupe.settled(2)
  const before = await troupe.daemon()
  const who = await incarnations(troupe)
  old.update()
  kill(before.pid)
  await gone(before.keeper!)
  await taken(troupe)
  expect(await incarnations(troupe)).toEqual(who)
  await troupe.ok('send', 'b', 'ask a')
  await expectComplete(troupe, 4)
  await expectOneEach(troupe)

  const older = await installLast(troupe.folder, 'older')
  troupe.program = older.program
  expect((await troupe.json<Row[]>('ps')).map(({ incarnation }) => incarnation)).toEqual(Object.values(who))
  await troupe.ok('daemon', 'stop')
  const file = join(troupe.root, 'state', 'mailbox.db')
  later(file, 'insert into troupe_migrations values (\'9999-later\', \'2040-01-01T00:00:00.000Z\')')
  const content = createHash('sha256').update(readFileSync(file)).digest('hex')
  const refused = await troupe.run('ps')
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('was written by a newer troupe')
  expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(content)
  later(file, 'delete from troupe_migrations where name = \'9999-later\'')
  troupe.program = old.program
  expect(await incarnations(troupe)).toEqual(who)
  expect(await troupe.json<Versions>('version')).toMatchObject({ daemon: { version: current } })
}, 300_000)

function later(file: string, statement: string): void {
  const db = new DatabaseSync(file)
  db.exec(statement)
  db.exec('pragma wal_checkpoint(truncate)')
  db.close()
}

it('takes over with `up`; a keeper whose program is gone waits in peace, and goes when another daemon is there', async () => {
  const troupe = new Troupe(team({ a: {}, b: {} }, { scenario }), { SSH_AUTH_SOCK: '/as/of/up' })
  troupe.program = (await installLast(troupe.folder, 'first')).program
  await troupe.ok('up')
  const who = await incarnations(troupe)
  troupe.program = shipped
  const up = await troupe.run('up')
  expect(up).toMatchObject({ code: 0, stderr: expect.stringContaining(`The daemon was troupe ${last}; troupe ${current} has taken over`) })
  await taken(troupe)
  expect(await incarnations(troupe)).toEqual(who)

  const own = await installLast(troupe.folder, 'second')
  own.update()
  troupe.program = own.program
  delete troupe.env['SSH_AUTH_SOCK']
  expect(await troupe.run('daemon', 'restart')).toMatchObject({ code: 0, stderr: '' })
  const now = await taken(troupe)
  expect(commandOf(now.keeper)).toContain(own.folder)
  await troupe.ok('stop', 'b')
  own.uninstall()
  troupe.program = shipped
  const start = await troupe.run('start', 'b', '--timeout', '5s')
  expect(start.code).not.toBe(0)
  expect(start.stderr).toContain('is gone: it was updated or removed')
  expect(await troupe.agent('b')).toMatchObject({ phase: 'parked', restarts: 0 })
  kill(now.pid)
  const log = join(troupe.root, 'state', 'run', 'daemon.log')
  await vi.waitFor(() => expect(readFileSync(log, 'utf8')).toContain('is gone; a daemon of any release is waited for'), patiently)
  const length = readFileSync(log).length
  await sleep(1500)
  expect(readFileSync(log)).toHaveLength(length)
  expect((await processesCarrying(own.folder)).filter((pid) => commandOf(pid).includes('daemon.js') && pid !== now.keeper)).toEqual([])
  expect((await incarnations(troupe))['p:a']).toBe(who['p:a'])
  await gone(now.keeper)
  await taken(troupe)
  await troupe.ok('send', 'a', 'still there?')
  await expectComplete(troupe, 1)
  await troupe.ok('restart', 'b')
  expect(environmentOf(await troupe.pid('b'))['SSH_AUTH_SOCK']).toBe('/as/of/up')
}, 300_000)
