import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished, vi } from 'vitest'
import { kill, patiently, team, Troupe, type Row } from './troupe.ts'

const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))
const missing = existsSync(join(clis, 'claude')) ? null : 'Claude Code is not installed in .clis (npm test puts it there)'
if (missing !== null && process.env['CI'] !== undefined) throw new Error(missing)
if (missing !== null) console.log(`skipped: ${missing}`)

interface Hit { resetsAt: number | null; until: number | null; raw: string; hooks: { name: string; state: string; attempts: number; what: string }[] }

const taken = [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'taken' }]
const limited = (retryAfter: number): object => ({ status: 429, headers: { 'retry-after': retryAfter }, message: 'used up' })
const write = (file: string): string[] => [process.execPath, '-e', `require("fs").appendFileSync("${file}", process.argv[1] + "\\n")`, '{agent} {resets_at}']
const lines = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [])

/** Answers once `open` is set; until then it keeps whoever asks waiting. */
async function pager() {
  const asked: { key: unknown; body: Record<string, unknown> }[] = []
  const state = { open: false }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    asked.push({ key: request.headers['idempotency-key'], body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown> })
    if (state.open) response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => server.closeAllConnections())
  onTestFinished(() => void server.close())
  return { asked, state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/page` }
}

const hits = async (troupe: Troupe, agent: string) => (await troupe.json<{ limitHits: Hit[] }>('inspect', agent)).limitHits

it('T14: parks an agent out of quota, runs the hooks of the hit over kill -9 of the daemon, and lets a person end the wait', async () => {
  const { asked, state, url } = await pager()
  const scenario = { 'p:a': [{ when: '/^Work/', do: [limited(3600), ...taken] }], '*': [{ from: 'troupe', do: taken }, { from: 'a', do: taken }] }
  const hooks = [
    { name: 'note', action: 'run', command: write('note.txt') },
    { name: 'broken', action: 'run', command: ['/no/such/program'] },
    { name: 'page', action: 'webhook', url_env: 'PAGER' },
    { name: 'tell', action: 'send', to: 'p:b', template: '{agent} is out: {raw_match}' },
    { name: 'after', action: 'run', command: write('after.txt') },
  ]
  const compose = { rate_limits: { allow_private: ['127.0.0.1'], default_on_hit: ['note', 'broken', 'page', 'tell', 'wait', 'after'], hooks } }
  const troupe = new Troupe(team({ a: {}, b: {}, quiet: { on_rate_limit: [] } }, { scenario: { ...scenario, 'p:quiet': [{ when: '/^Work/', do: [limited(3600), ...taken] }] }, compose }), { PAGER: url })
  await troupe.ok('up')
  await troupe.ok('send', 'a', 'Work')
  await troupe.ok('send', 'quiet', 'Work')
  await vi.waitFor(() => expect(asked).toHaveLength(1), patiently)
  expect((await troupe.agent('a')).detail).toMatch(/^429 used up; goes on in \d+ min$/)
  const { pid } = await troupe.daemon()
  kill(pid)
  state.open = true
  await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
  await vi.waitFor(async () => expect((await hits(troupe, 'a'))[0]?.hooks.map(({ name, state: is, attempts }) => [name, is, attempts])).toEqual([['note', 'done', 1], ['broken', 'failed', 1], ['page', 'done', 2], ['tell', 'done', 1], ['wait', 'waiting', 1], ['after', 'due', 0]]), patiently)
  // What can be told twice was told under one name; mail is one message.
  expect(asked.map(({ key, body }) => [key, body['agent'], body['raw_match']])).toEqual([[asked[0]?.key, 'p:a', '429 used up'], [asked[0]?.key, 'p:a', '429 used up']])
  expect((await troupe.mail()).filter(({ to, from }) => to === 'p:b' && from === 'troupe').map(({ text }) => text)).toEqual(['p:a is out: 429 used up'])
  expect(lines(join(troupe.root, 'note.txt'))).toHaveLength(1)
  expect(existsSync(join(troupe.root, 'after.txt'))).toBe(false)
  expect(JSON.stringify(await troupe.events())).not.toContain(url)

  expect(await troupe.ok('explain', 'agent', 'a')).toMatch(/parked \(429 used up\)[^]*it is told to go on in [^]*, at [^]*troupe start p:a: tries now/)
  await troupe.ok('start', 'a')
  await vi.waitFor(() => expect(lines(join(troupe.root, 'after.txt'))).toHaveLength(1), patiently)
  // The scripted model of the new daemon refuses once more: the same limit, so nothing is done about it again.
  await vi.waitFor(async () => expect((await troupe.mail()).find(({ to, from }) => to === 'p:a' && from === 'troupe')?.state).toMatch(/^delivered/), patiently)
  await vi.waitFor(async () => expect((await troupe.agent('a')).phase).toBe('parked'), patiently)
  expect(await hits(troupe, 'a')).toHaveLength(1)
  expect([asked.length, lines(join(troupe.root, 'note.txt')).length]).toEqual([2, 1])
  // An empty list: nothing was done, and nobody will tell it to go on.
  expect(await hits(troupe, 'quiet')).toMatchObject([{ hooks: [] }])
  expect((await troupe.agent('quiet')).detail).toMatch(/is free again in/)
}, 300_000)

/** Each out of quota in its own way: told by a report, by its screen, by the hooks of the real Claude Code. */
it('resumes agents by themselves after the reset, in the turn that was cut off', async () => {
  const scenario = {
    'p:a': [{ when: '/^Work/', do: [limited(11), { tool: 'dm', args: { to: 'b', text: 'a went on' } }, ...taken] }, { from: 'troupe', do: taken }],
    'p:c': [{ when: '/^Work/', do: [{ status: 400, message: 'Your credit balance is too low to access the Anthropic API.' }, { tool: 'dm', args: { to: 'b', text: 'c went on' } }, ...taken] }, { from: 'troupe', do: taken }],
    'p:b': [{ when: 'went on', do: taken }],
  }
  const program = 'echo ready; read first; echo "Usage limit reached. Resets in 1s."; while read line; do echo "got $line"; done'
  const descriptor = { binary: 'sh', args: ['-c', program], ready: '^ready', rate_limit_patterns: [{ match: 'limit reached\\. Resets in (?P<left>\\d+s)', resets_in_capture: 'left' }] }
  const agents = { a: {}, b: {}, s: { runtime: 'own' }, ...(missing === null ? { c: { runtime: 'claude-code' } } : {}) }
  const files = { ...team(agents, { scenario, compose: { rate_limits: { fallback_wait_seconds: 0 } } }), 'runtimes/own.yaml': JSON.stringify(descriptor) }
  const troupe = new Troupe(files, { PATH: [clis, process.env['PATH'] ?? ''].join(delimiter) })
  await troupe.ok('up')
  const limitedOnes = Object.keys(agents).filter((name) => name !== 'b')
  const before = await troupe.json<Row[]>('ps')
  for (const name of limitedOnes) await troupe.ok('send', name, 'Work')
  const told = async (agent: string) => (await troupe.mail()).filter(({ from, to }) => from === 'troupe' && to === agent).length
  for (const name of limitedOnes) await vi.waitFor(async () => expect(await told(`p:${name}`)).toBe(1), patiently)
  const wentOn = limitedOnes.filter((name) => name !== 's').map((name) => `${name} went on`)
  await vi.waitFor(async () => expect((await troupe.mail()).filter(({ to }) => to === 'p:b').map(({ text }) => text).toSorted()).toEqual(wentOn.toSorted()), patiently)
  const after = await troupe.json<Row[]>('ps')
  expect(after.map(({ incarnation }) => incarnation)).toEqual(before.map(({ incarnation }) => incarnation))
  const said: Record<string, string> = { a: '429 used up', s: 'limit reached. Resets in 1s', c: 'Credit balance' }
  for (const name of limitedOnes) expect(await hits(troupe, name)).toMatchObject([{ raw: expect.stringContaining(said[name]!) as string, hooks: [{ name: 'wait', state: 'done' }] }])
}, 300_000)
