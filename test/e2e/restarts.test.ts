import { expect, it, vi } from 'vitest'
import { connect } from '../../src/client/connect.ts'
import { teamPaths } from '../../src/config/paths.ts'
import { processesCarrying } from '../../scripts/demo/left-over.ts'
import { expectOneEach, incarnations, shellAgent, terminalServer } from './teams.ts'
import { kill, patiently, team, Troupe, type Row } from './troupe.ts'

/** "exit 3" ends the agent with that status, "crash" as by kill -9. */
const mortal = {
  '*': [
    { when: '/^exit (\\d+)/', do: [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { tool: 'exit', args: { code: '{1}' } }, { text: 'back' }] },
    { when: 'crash', do: [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { tool: 'crash' }, { text: 'back' }] },
  ],
}

const backAsAnother = (troupe: Troupe, agent: string, before: string | null) =>
  vi.waitFor(async () => {
    const now = await troupe.agent(agent)
    expect(now.phase).toBe('idle')
    expect(now.incarnation).not.toBe(before)
  }, patiently)

it('restarts what should run, as each agent says, and leaves the others in peace', async () => {
  const agents = { always: {}, crash: {}, failing: { restart: 'on-failure' }, clean: { restart: 'on-failure' }, done: { restart: 'never' }, failed: { restart: 'never' }, quiet: {} }
  const troupe = new Troupe(team(agents, { scenario: mortal }))
  await troupe.ok('up')
  const before = await incarnations(troupe)
  const words = { always: 'exit 0', crash: 'crash', failing: 'exit 3', clean: 'exit 0', done: 'exit 0', failed: 'exit 4' }
  for (const [agent, text] of Object.entries(words)) await troupe.ok('send', agent, text)
  for (const agent of ['always', 'crash', 'failing']) await backAsAnother(troupe, agent, before[`p:${agent}`]!)
  await vi.waitFor(async () => {
    const rows = await troupe.json<Row[]>('ps')
    const shown = Object.fromEntries(rows.map(({ agent, phase, detail, restarts }) => [agent, `${phase} ${detail} ${restarts}`]))
    expect(shown).toEqual({
      'p:always': 'idle  1',
      'p:crash': 'idle  1',
      'p:failing': 'idle  1',
      'p:clean': 'stopped done 0',
      'p:done': 'stopped done 0',
      'p:failed': 'stopped failed, exit 4 0',
      'p:quiet': 'idle  0',
    })
  }, patiently)
  expect((await incarnations(troupe))['p:quiet']).toBe(before['p:quiet'])
}, 300_000)

it('keeps a back-off over kill -9 of the daemon', async () => {
  const troupe = new Troupe(team({ a: {} }, { scenario: mortal }))
  await troupe.ok('up')
  const before = (await incarnations(troupe))['p:a']!
  // It lasts for 5 s: a command for each look would take that long on a busy machine.
  const client = await connect({ socket: teamPaths(troupe.root).operatorSocket })
  await client.call('send', { to: 'a', text: 'exit 3' })
  await vi.waitFor(async () => expect((await client.call('ps', {}))[0]?.phase).toBe('backoff'), { ...patiently, interval: 20 })
  kill(client.daemon.pid)
  client.close()
  await backAsAnother(troupe, 'a', before)
  const journal = (await troupe.events()).filter((line) => line.agent === 'p:a')
  const waits = journal.filter((line) => line.type === 'agent.phase' && line.data['to'] === 'backoff')
  expect(waits).toHaveLength(1)
  expect(journal.findLast((line) => line.type === 'agent.launched')?.at).toBeGreaterThanOrEqual(Number(waits[0]?.data['until']))
  expect((await troupe.agent('a')).restarts).toBe(1)
}, 300_000)

it('brings everybody back, once each, when the terminal server is killed', async () => {
  const deaf = shellAgent('deaf', 'trap "" HUP; echo ready; while :; do sleep 1; done')
  const troupe = new Troupe({ ...team({ a: {}, b: {}, c: {}, deaf: { runtime: 'deaf' } }, { scenario: mortal }), ...deaf })
  await troupe.ok('up')
  const before = await incarnations(troupe)
  kill(await terminalServer(troupe))
  for (const [agent, incarnation] of Object.entries(before)) await backAsAnother(troupe, agent, incarnation)
  await expectOneEach(troupe)
  for (const incarnation of Object.values(before)) expect(await processesCarrying(incarnation!)).toEqual([])
  expect((await troupe.json<Row[]>('ps')).map((row) => row.restarts)).toEqual([1, 1, 1, 1])
  await troupe.ok('send', 'a', 'hello again')
  await troupe.settled(1)
}, 300_000)

it('finds a new keeper when it is killed, and comes back with the next command when both are', async () => {
  const troupe = new Troupe(team({ a: {}, b: {} }, { scenario: mortal }))
  await troupe.ok('up')
  const before = await incarnations(troupe)
  const first = await kept(troupe)
  kill(first.keeper)
  const second = await vi.waitFor(async () => {
    const now = await kept(troupe)
    expect(now.keeper).not.toBe(first.keeper)
    return now
  }, patiently)
  expect(second.pid).toBe(first.pid)

  kill(second.keeper)
  kill(second.pid)
  await troupe.ok('ps')
  const third = await kept(troupe)
  expect(third.pid).not.toBe(second.pid)
  kill(third.pid)
  await vi.waitFor(async () => expect((await kept(troupe)).pid).not.toBe(third.pid), patiently)
  expect(await incarnations(troupe)).toEqual(before)
  await troupe.ok('send', 'a', 'still there?')
  await troupe.settled(1)
  await expectOneEach(troupe)
}, 300_000)

/** The daemon and the process that keeps it, once both are there. */
async function kept(troupe: Troupe): Promise<{ pid: number; keeper: number }> {
  return await vi.waitFor(async () => {
    const { pid, keeper } = await troupe.daemon()
    if (keeper === null) throw new Error('nobody keeps the daemon')
    return { pid, keeper }
  }, patiently)
}

it('never takes an agent that is slow to start for a dead one (T12)', async () => {
  const slow = shellAgent('slow', 'until [ -e go ]; do sleep 0.2; done; echo ready; cat')
  const troupe = new Troupe({ ...team({ slow: { runtime: 'slow' } }), ...slow })
  const up = await troupe.run('up', '--timeout', '2s')
  expect(up.code).toBe(5)
  expect(up.stderr).toContain('still starting')
  const before = await troupe.agent('slow')
  expect(before.phase).toBe('starting')
  kill((await troupe.daemon()).pid)
  await vi.waitFor(async () => expect((await troupe.agent('slow')).phase).toBe('starting'), patiently)
  const again = await troupe.run('up', '--timeout', '6s')
  expect(again.code).toBe(5)
  expect(await troupe.agent('slow')).toMatchObject({ phase: 'starting', incarnation: before.incarnation, restarts: 0 })
  troupe.write({ go: '' })
  await vi.waitFor(async () => expect((await troupe.agent('slow')).phase).toBe('idle'), patiently)
  expect(await troupe.agent('slow')).toMatchObject({ incarnation: before.incarnation, restarts: 0 })
}, 300_000)
