import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { kill, patiently, Troupe, type Mail } from './troupe.ts'

interface Bridge { id: string; n: number; from: string; to: string; state: string; closedBy: string | null; openedAt: number; expiresAt: number }

const pass = (to: string) => [{ tool: 'dm', args: { to, text: '{text}', thread_id: 'mine' } }, { text: 'passed on' }]

/** Two projects of a manager and a worker. Who is told `TO words` by the operator writes the words; what comes over a bridge goes to the worker. */
function two(): Record<string, string> {
  const project = (id: string) =>
    JSON.stringify({
      version: 2,
      project: { id, name: id, cwd: '.' },
      managers: { boss: { runtime: 'scripted', can_dm: ['hand'] } },
      workers: { hand: { runtime: 'scripted', can_dm: ['boss'], reports_to: 'boss' } },
    })
  const tell = { from: 'user', when: '/^(\\S+) (.+)$/s', do: [{ tool: 'dm', args: { to: '{1}', text: '{2}', thread_id: 'mine' } }, { text: 'told' }] }
  return {
    'team-compose.yaml': JSON.stringify({ version: 2, rehearsal: './scenario.yaml', projects: [{ file: 'projects/p.yaml' }, { file: 'projects/q.yaml' }] }),
    'projects/p.yaml': project('p'),
    'projects/q.yaml': project('q'),
    'scenario.yaml': JSON.stringify({ about: 'as the test says', agents: { boss: [tell, { from: 'boss', do: pass('hand') }], hand: [tell] } }),
  }
}

const between = (mail: Mail[]) => mail.filter(({ from }) => from !== 'user').map(({ from, to, text }) => `${from} > ${to}: ${text}`).toReversed()

it('joins two managers of different projects and nobody else, carries trust and taint, and closes', async () => {
  const troupe = new Troupe(two())
  await troupe.ok('up')
  await troupe.ok('send', 'p:boss', 'q:boss too early')
  await troupe.settled(1)
  expect(between(await troupe.mail())).toEqual([])

  const open = ['bridge', 'open', '--from', 'p:boss', '--to', 'q:boss', '--topic', 'prices']
  expect(await troupe.ok(...open)).toBe('bridge 1 open · p:boss ↔ q:boss · topic: prices · expires in 120m\n')
  expect((await troupe.run(...open)).code).toBe(1)
  expect(await troupe.run('bridge', 'open', '--from', 'p:boss', '--to', 'q:hand', '--topic', 'x')).toMatchObject({ code: 3, stderr: expect.stringContaining('q:hand is a worker') as string })
  expect((await troupe.run('bridge', 'open', '--from', 'p:boss', '--to', 'q:nobody', '--topic', 'x')).code).toBe(4)

  await troupe.ok('send', 'p:boss', 'q:boss over the bridge')
  await troupe.ok('send', 'p:hand', 'q:boss past the bridge')
  const mail = await troupe.settled(5)
  expect(between(mail)).toEqual(['p:boss > q:boss: over the bridge', 'q:boss > q:hand: over the bridge'])
  const journal = (await troupe.events()).filter(({ type, data }) => type === 'message.sent' && data['from'] !== 'user')
  expect(journal.map(({ data }) => data['taint'])).toEqual([['bridge:1'], ['bridge:1']])
  expect(await troupe.ok('bridge', 'log', '1')).toBe('  p:boss  →  q:boss: over the bridge\n')

  const [{ pid }, before] = [await troupe.daemon(), await troupe.json<Bridge[]>('bridge', 'ls')]
  kill(pid)
  await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
  expect(await troupe.json<Bridge[]>('bridge', 'ls')).toEqual(before)
  await troupe.ok('send', 'q:boss', 'p:boss and back')
  await vi.waitFor(async () => expect(between(await troupe.mail())).toContain('q:boss > p:boss: and back'), patiently)

  expect(await troupe.ok('bridge', 'close', '1')).toBe('bridge 1 closed\n')
  expect((await troupe.run('bridge', 'close', '1')).code).toBe(1)
  expect((await troupe.run('bridge', 'log', '9')).code).toBe(4)
  const sent = (await troupe.mail()).length
  await troupe.ok('send', 'p:boss', 'q:boss too late')
  await troupe.settled(sent + 1)
  expect(between(await troupe.mail()).filter((line) => line.includes('too late'))).toEqual([])
  expect(await troupe.ok('bridge', 'list')).toMatch(/ID +FROM +TO +STATE +TOPIC\n *1 +p:boss +↔ +q:boss +closed +prices\n/)
}, 300_000)

it('leads one way if it is to, and closes itself', async () => {
  const troupe = new Troupe(two())
  await troupe.ok('up')
  expect(await troupe.ok('bridge', 'open', '--from', 'p:boss', '--to', 'q:boss', '--topic', 'news', '--one-way')).toContain('p:boss → q:boss')
  await troupe.ok('send', 'q:boss', 'p:boss against the way')
  await troupe.ok('send', 'p:boss', 'q:boss along the way')
  await vi.waitFor(async () => expect(between(await troupe.mail())).toContain('q:boss > q:hand: along the way'), patiently)
  expect(between(await troupe.mail()).filter((line) => line.includes('against'))).toEqual([])
  await troupe.ok('bridge', 'close', '1')

  const { address } = await troupe.daemon()
  const token = readFileSync(join(troupe.root, 'state', 'run', 'operator.token'), 'utf8').trim()
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ from: 'p:boss', to: 'q:boss', topic: 'in short', ttlMinutes: 1 / 60 })
  expect((await fetch(`${address}/api/v1/bridge.open`, { method: 'POST', headers, body })).status).toBe(200)
  await vi.waitFor(async () => expect((await troupe.events()).filter(({ type }) => type === 'bridge.closed').map(({ data }) => data['by'])).toEqual(['user', 'expiry']), patiently)
  expect((await troupe.json<Bridge[]>('bridge', 'ls')).map(({ n, state }) => [n, state])).toEqual([[2, 'expired'], [1, 'closed']])
}, 300_000)
