import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { run } from '../../src/util/spawn.ts'
import { commandOf, environmentOf, expectOneEach, incarnations, shellAgent } from './teams.ts'
import { filesBelow } from './tree.ts'
import { dist, patiently, team, Troupe, type Row } from './troupe.ts'

/** "tell NAME TEXT" passes the text on. */
const talkative = { '*': [{ when: '/^tell (\\w+) (.+)/', do: [{ tool: 'dm', args: { to: '{1}', text: '{2}' } }, { text: 'told' }] }] }

it('is brought up twice without disturbing anybody', async () => {
  const troupe = new Troupe(team({ a: {}, b: {} }))
  await troupe.ok('up')
  const before = await incarnations(troupe)
  const { pid } = await troupe.daemon()
  await troupe.ok('up')
  expect(await incarnations(troupe)).toEqual(before)
  expect((await troupe.daemon()).pid).toBe(pid)
  expect((await troupe.json<Row[]>('ps')).map((row) => row.restarts)).toEqual([0, 0])
  await expectOneEach(troupe)
}, 300_000)

it('comes up, goes and comes up again, at once and in every order', async () => {
  const troupe = new Troupe(team({ a: {}, b: {} }))
  for (const hard of [[], ['--hard'], []]) {
    await troupe.ok('up')
    await expectOneEach(troupe)
    await troupe.ok('down', ...hard)
  }
  await vi.waitFor(async () => expect(await troupe.leftOver()).toEqual([]), patiently)
  await troupe.ok('down')
  await troupe.ok('send', 'a', 'kept for later')
  await troupe.ok('up')
  await troupe.settled(1)
}, 300_000)

it('goes down in the middle of a start', async () => {
  const slow = shellAgent('slow', 'sleep 1000')
  const troupe = new Troupe({ ...team({ slow: { runtime: 'slow' }, a: {} }), ...slow })
  const up = troupe.run('up')
  await vi.waitFor(async () => expect((await troupe.agent('slow')).phase).toBe('starting'), patiently)
  await troupe.ok('down')
  expect((await up).code).toBe(1)
  await vi.waitFor(async () => expect(await troupe.leftOver()).toEqual([]), patiently)
  expect((await troupe.json<Row[]>('ps')).map((row) => row.phase)).toEqual(['stopped', 'stopped'])
}, 300_000)

it('starts one daemon however many ask at once', async () => {
  const troupe = new Troupe(team({ a: {}, b: {} }))
  await Promise.all([troupe.ok('up'), ...Array.from({ length: 6 }, (_, n) => troupe.ok('send', 'a', `hello ${n}`)), troupe.ok('up')])
  await troupe.settled(6)
  await expectOneEach(troupe)
  const daemons = (await troupe.leftOver()).filter((pid) => commandOf(pid).includes('/daemon.js --root'))
  expect(daemons).toEqual([(await troupe.daemon()).pid])
}, 300_000)

it('refuses a second daemon and names the first', async () => {
  const troupe = new Troupe(team({ a: {} }))
  await troupe.ok('up')
  const { pid } = await troupe.daemon()
  const second = await run([process.execPath, join(dist, 'daemon.js'), '--root', troupe.root, '--no-keeper'], { env: troupe.env, timeoutMs: 60_000 })
  expect(second.code).toBe(75)
  expect(second.stderr).toContain(`process ${pid}`)
  expect((await troupe.daemon()).pid).toBe(pid)
  expect((await troupe.agent('a')).phase).toBe('idle')
}, 300_000)

it('ends an agent that left the files, and forgets it', async () => {
  const troupe = new Troupe(team({ a: {}, b: {} }))
  await troupe.ok('up')
  const before = await incarnations(troupe)
  const gone = await troupe.pid('b')
  troupe.write(team({ a: {} }))
  await troupe.ok('up')
  await vi.waitFor(async () => {
    expect((await troupe.events()).map((line) => `${line.type} ${line.agent}`)).toContain('agent.removed p:b')
    expect(environmentOf(gone)).toEqual({})
  }, patiently)
  expect(await incarnations(troupe)).toEqual({ 'p:a': before['p:a'] })
  expect((await troupe.run('send', 'b', 'hello')).code).toBe(4)

  troupe.write(team({ a: {}, b: {} }))
  await troupe.ok('up')
  await expectOneEach(troupe)
}, 300_000)

it('puts a changed permission in force without a restart, and starts anew only whom another change needs', async () => {
  const files = (canDm: string[], model: string) => team({ a: { can_dm: canDm, model }, b: {}, c: {} }, { scenario: talkative })
  const troupe = new Troupe(files(['b'], 'one'))
  await troupe.ok('up')
  const before = await incarnations(troupe)
  const told = async (text: string) => (await troupe.mail()).filter((mail) => mail.text === text).map((mail) => mail.to)
  await troupe.ok('send', 'a', 'tell c early')
  await troupe.settled(1)
  expect(await told('early')).toEqual([])

  troupe.write(files(['c'], 'one'))
  const allowed = await troupe.run('up')
  expect(allowed.code).toBe(0)
  expect(allowed.stderr).toMatch(/p:a .*apply: can_dm \(projects\/p\.yaml:1\); widens: may write to p:c/)
  await troupe.ok('send', 'a', 'tell c late')
  await troupe.ok('send', 'a', 'tell b no more')
  await troupe.settled(4)
  expect(await told('late')).toEqual(['p:c'])
  expect(await told('no more')).toEqual([])
  expect(await incarnations(troupe)).toEqual(before)

  troupe.write(files(['c'], 'two'))
  const outdated = await troupe.run('up')
  expect(outdated.code).toBe(0)
  expect(outdated.stderr).toMatch(/p:a .*restart: model/)
  expect(outdated.stderr).not.toMatch(/p:b .*restart/)
  const after = await incarnations(troupe)
  expect(after['p:a']).not.toBe(before['p:a'])
  expect(after).toEqual({ ...before, 'p:a': after['p:a'] })
  await troupe.ok('up')
  expect(await incarnations(troupe)).toEqual(after)
}, 300_000)

it('changes nothing at an error in the files, and says where it is', async () => {
  const troupe = new Troupe(team({ a: {}, b: {} }))
  await troupe.ok('up')
  const before = await incarnations(troupe)
  const applied = () => filesBelow(join(troupe.root, 'state')).filter((line) => /^(applied|envs|mcp)/.test(line))
  const written = applied()
  troupe.write({ 'projects/p.yaml': 'version: 2\nproject: {id: p, name: P, cwd: .}\nworkers:\n  a: {runtime: scripted, can_dm: [nobody]}\n' })
  const wrong = await troupe.run('up')
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toMatch(/p\.yaml:4:\d+/)
  expect(await incarnations(troupe)).toEqual(before)
  expect(applied()).toEqual(written)

  // What runs is looked after all the same, by a daemon that starts now too.
  await troupe.ok('daemon', 'stop')
  await troupe.ok('send', 'b', 'still there?')
  await troupe.settled(1)
  expect(await incarnations(troupe)).toEqual(before)
  await troupe.ok('down')
  await vi.waitFor(async () => expect(await troupe.leftOver()).toEqual([]), patiently)
}, 300_000)

it('keeps agents in a private terminal server that they know nothing of (T33)', async () => {
  const troupe = new Troupe(team({ a: {} }), { TMUX: '/tmp/tmux-0/default,1,0', TMUX_PANE: '%0' })
  await troupe.ok('up')
  const environment = environmentOf(await troupe.pid('a'))
  expect(environment['TROUPE_AGENT']).toBe('p:a')
  expect(Object.keys(environment).filter((name) => name.startsWith('TMUX'))).toEqual([])
  const { attach } = await troupe.agent('a')
  const socket = attach![attach!.indexOf('-S') + 1]!
  expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700)
  expect(Object.values(environment).join('\n')).not.toContain(socket)
}, 300_000)

it('works in a folder whose path is too long for sockets, and leaves none of them', async () => {
  const troupe = new Troupe(team({ a: {} }), {}, 'a folder with spaces, ünïcode and a name that is much too long for the path of a socket')
  await troupe.ok('up')
  await troupe.ok('send', 'a', 'hello')
  await troupe.settled(1)
  const { attach } = await troupe.agent('a')
  const socket = attach![attach!.indexOf('-S') + 1]!
  expect(socket.startsWith(troupe.root)).toBe(false)
  await troupe.ok('down')
  await vi.waitFor(() => expect(existsSync(dirname(socket))).toBe(false), patiently)
  await vi.waitFor(async () => expect(await troupe.leftOver()).toEqual([]), patiently)
}, 300_000)
