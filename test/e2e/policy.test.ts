import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { environmentOf } from './teams.ts'
import { Troupe } from './troupe.ts'

interface Policy { edges: { from: string; to: string; ways: string[] }[]; reach: { from: string; to: string; bridged: boolean }[] }

/** What is declared, as plain data: the judge below reads nothing else, and shares nothing with the program. */
const declared = {
  p: {
    managers: { boss: { dm: ['w1', 'w2'], on: ['all'], up: null }, deputy: { dm: ['boss'], on: [], up: 'boss' } },
    workers: { w1: { dm: [], on: ['all', 'pair'], up: 'boss' }, w2: { dm: ['w1'], on: ['pair'], up: null } },
    channels: { all: '*', pair: ['w1', 'deputy'] },
  },
  q: {
    managers: { boss: { dm: ['*'], on: [], up: null } },
    workers: { w1: { dm: [], on: ['all'], up: 'boss' } },
    channels: { all: ['w1'] },
  },
}

type Member = { dm: string[]; on: string[]; up: string | null }
const members = Object.entries(declared).flatMap(([project, { managers, workers }]) =>
  Object.entries<Member>({ ...managers, ...workers }).map(([id, member]) => ({ project, id, address: `${project}:${id}`, member })),
)
const channels = Object.entries(declared).flatMap(([project, { channels: all }]) => Object.entries<string | string[]>(all).map(([name, list]) => ({ project, name, list })))

function files(): Record<string, string> {
  const agents = (all: Record<string, Member>) =>
    Object.fromEntries(Object.entries(all).map(([id, { dm, on, up }]) => [id, { runtime: 'scripted', can_dm: dm, can_broadcast: on, ...(up === null ? {} : { reports_to: up }) }]))
  const projects = Object.entries(declared).map(([id, { managers, workers, channels: all }]) => [
    `projects/${id}.yaml`,
    JSON.stringify({ version: 2, project: { id, name: id, cwd: '.' }, channels: Object.entries(all).map(([name, list]) => ({ name, members: list })), managers: agents(managers), workers: agents(workers) }),
  ])
  const compose = { version: 2, loop_guard: { enabled: false }, projects: Object.keys(declared).map((id) => ({ file: `projects/${id}.yaml` })) }
  return { 'team-compose.yaml': JSON.stringify(compose), ...(Object.fromEntries(projects) as Record<string, string>) }
}

/** Every pair `from > to` that the declaration allows, in one step. */
function allowed(): Set<string> {
  const pairs = new Set<string>()
  for (const { project, address, member } of members) {
    const own = members.filter((other) => other.project === project && other.address !== address)
    for (const other of own) if (member.dm.includes('*') || member.dm.includes(other.id) || member.up === other.id) pairs.add(`${address} > ${other.address}`)
    for (const { list, name, project: home } of channels) {
      const inside = (id: string): boolean => list === '*' || list.includes(id)
      if (home !== project || !member.on.includes(name) || !inside(member === undefined ? '' : address.split(':')[1]!)) continue
      for (const other of own) if (inside(other.id)) pairs.add(`${address} > ${other.address}`)
    }
  }
  return pairs
}

/** Everything that can be reached over any number of steps: pairs are joined until nothing new appears. */
function closure(pairs: Set<string>): Set<string> {
  const all = new Set(pairs)
  for (let size = -1; size !== all.size; ) {
    size = all.size
    for (const one of [...all]) for (const two of pairs) if (one.split(' > ')[1] === two.split(' > ')[0]) all.add(`${one.split(' > ')[0]} > ${two.split(' > ')[1]}`)
  }
  return new Set([...all].filter((pair) => pair.split(' > ')[0] !== pair.split(' > ')[1]))
}

/** Every agent tries everything that it has a tool for. Resolves with the numbers of answers by status. */
async function tryEverything(troupe: Troupe, address: string, text: string): Promise<Record<number, number>> {
  const { TROUPE_AGENT_TOKEN: token = '', TROUPE_MCP_URL: url = '' } = environmentOf(await troupe.pid(address))
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const call = async (operation: string, body: object) => (await fetch(new URL(`/api/v1/${operation}`, url), { method: 'POST', headers, body: JSON.stringify(body) })).status
  const answers = [
    ...members.map(async (other) => await call('dm', { to: other.address, text, thread_id: 'bridge:1' })),
    ...channels.map(async ({ project, name }) => await call('broadcast', { channel: `${project}#${name}`, text })),
    call('escalate', { text }),
    call('send', { to: 'q:w1', text }),
    call('bridge.open', { from: 'p:boss', to: 'q:boss', topic: 'mine' }),
    call('dm', { to: 'q:w1', text, from: 'user', sender: 'q:boss' }),
  ]
  const count: Record<number, number> = {}
  for (const status of await Promise.all(answers)) count[status] = (count[status] ?? 0) + 1
  return count
}

/** Who got what from whom, as it stands in the database. */
function rows(troupe: Troupe, text: string): Set<string> {
  const database = new DatabaseSync(join(troupe.root, 'state', 'mailbox.db'), { readOnly: true })
  const found = database.prepare('select m.sender, d.recipient from messages m join deliveries d on d.team = m.team and d.message_id = m.id where m.body = ?').all(text)
  database.close()
  return new Set(found.map(({ sender, recipient }) => `${String(sender)} > ${String(recipient)}`))
}

it('lets through what is declared and nothing else, with and without bridges, and says the same beforehand', async () => {
  const troupe = new Troupe(files())
  await troupe.ok('up')
  const round = async (name: string, bridged: string[]): Promise<void> => {
    for (const { address } of members) {
      const answers = await tryEverything(troupe, address, name)
      expect(Object.keys(answers).filter((status) => !['200', '403', '404'].includes(status)), `${address} ${JSON.stringify(answers)}`).toEqual([])
    }
    const expected = new Set([...allowed(), ...bridged])
    expect([...rows(troupe, name)].toSorted(), name).toEqual([...expected].toSorted())
    const { edges, reach } = await troupe.json<Policy>('policy')
    expect(edges.map(({ from, to }) => `${from} > ${to}`).toSorted(), name).toEqual([...expected].toSorted())
    expect(reach.map(({ from, to }) => `${from} > ${to}`).toSorted(), name).toEqual([...closure(expected)].toSorted())
    expect(reach.filter((each) => each.bridged).map(({ from, to }) => `${from} > ${to}`).toSorted()).toEqual([...closure(expected)].filter((pair) => !closure(allowed()).has(pair)).toSorted())
  }
  await round('isolated', [])
  await troupe.ok('bridge', 'open', '--from', 'p:boss', '--to', 'q:boss', '--topic', 'one way', '--one-way')
  await round('one way', ['p:boss > q:boss'])
  await troupe.ok('bridge', 'close', '1')
  await troupe.ok('bridge', 'open', '--from', 'p:deputy', '--to', 'q:boss', '--topic', 'both ways')
  await round('both ways', ['p:deputy > q:boss', 'q:boss > p:deputy'])
  await troupe.ok('bridge', 'close', '2')
  await round('isolated again', [])
}, 300_000)

it('checks expectations of a running team and of its files, and refuses an escalation with its reason', async () => {
  const troupe = new Troupe(files())
  const file = join(troupe.folder, 'expectations.yaml')
  writeFileSync(file, 'expect:\n  - q:w1 can never reach p:*\n  - p:w2 can never dm p:boss\n  - p:boss can broadcast on all\n  - p:w1 can escalate to p:boss\n')
  expect(await troupe.ok('policy', 'test', file, '--files')).toMatch(/^(holds {2}.*\n){4}$/)
  await troupe.ok('up')
  await troupe.ok('bridge', 'open', '--from', 'q:boss', '--to', 'p:boss', '--topic', 'x')
  const failed = await troupe.run('policy', 'test', file)
  expect(failed).toMatchObject({ code: 1, stdout: expect.stringContaining('fails  q:w1 can never reach p:*: q:w1 → q:boss → p:boss (over a bridge)') as string })
  writeFileSync(file, '- p:w2 may dm p:boss\n')
  expect((await troupe.run('policy', 'test', file)).code).toBe(2)
  writeFileSync(file, '- p:w2 can dm p:bos\n')
  expect(await troupe.run('policy', 'test', file)).toMatchObject({ code: 4, stderr: expect.stringContaining('p:boss') as string })
  expect(await troupe.ok('policy')).toMatch(/q:boss +w1 \(dm\) +p:boss \(bridge:1\)/)
  const { TROUPE_AGENT_TOKEN: token = '', TROUPE_MCP_URL: url = '' } = environmentOf(await troupe.pid('p:w2'))
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const refused = await fetch(new URL('/api/v1/escalate', url), { method: 'POST', headers, body: JSON.stringify({ text: 'help' }) })
  expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('p:w2 reports to nobody, so there is nobody to escalate to')])
}, 300_000)
