import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, vi } from 'vitest'
import { kill, patiently, team, Troupe, type Row } from './troupe.ts'

const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))
const missing = existsSync(join(clis, 'claude')) ? null : 'Claude Code is not installed in .clis (npm test puts it there)'
if (missing !== null && process.env['CI'] !== undefined) throw new Error(missing)
if (missing !== null) console.log(`skipped: ${missing}`)

type Place = Row & { runtime: string; standsInFor?: { runtime: string; until: number | null } }

const taken = [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'taken' }]
const limited = (retryAfter: number): object => ({ status: 429, headers: { 'retry-after': retryAfter }, message: 'used up' })
const place = async (troupe: Troupe, agent: string) => (await troupe.json<Place[]>('ps')).find((row) => row.agent === agent)!
const moves = async (troupe: Troupe) => (await troupe.events()).filter(({ type }) => type === 'agent.moved').map(({ data }) => data)
const handOffs = async (troupe: Troupe, agent: string) => (await troupe.mail()).filter(({ from, to }) => from === 'troupe' && to === agent).map(({ text }) => text)

it('has another program do the work while a provider refuses, over kill -9 of the daemon, and goes back', async () => {
  const program = 'echo ready; while read -r line; do echo "got $line"; done'
  const scenario = { 'p:a': [{ when: '/^Work/', do: [limited(11), { tool: 'dm', args: { to: 'b', text: 'a finished it' } }, ...taken] }, { from: 'troupe', do: taken }], 'p:b': [{ from: 'a', do: taken }] }
  const agents = { a: { fallback: ['nowhere', 'own'] }, b: {} }
  const described = (binary: string) => JSON.stringify({ binary, args: ['-c', program], ready: '^ready' })
  const files = { ...team(agents, { scenario, compose: { rate_limits: { fail_over_after_seconds: 1 } } }), 'runtimes/own.yaml': described('sh'), 'runtimes/nowhere.yaml': described('/no/such/shell') }
  const troupe = new Troupe(files)
  await troupe.ok('up')
  expect(await place(troupe, 'p:a')).toMatchObject({ runtime: 'scripted', phase: 'idle' })
  await troupe.ok('send', 'a', 'Work')
  await vi.waitFor(async () => expect(await moves(troupe)).toHaveLength(1), patiently)
  const { pid } = await troupe.daemon()
  kill(pid)
  await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
  // Adopted as what it is, and back by itself once the limit is over: the mail that was not done with is done by the first.
  await vi.waitFor(async () => expect((await troupe.mail()).filter(({ to }) => to === 'p:b').map(({ text }) => text)).toEqual(['a finished it']), patiently)
  const back = await place(troupe, 'p:a')
  expect([back.runtime, back.standsInFor]).toEqual(['scripted', undefined])
  // The scripted model of the new daemon refuses once more: twice there and back, each told once.
  const there = { from: 'scripted', to: 'own', why: '429 used up' }
  const andBack = { from: 'own', to: 'scripted', why: 'scripted can work again' }
  expect(await moves(troupe)).toMatchObject([there, andBack, there, andBack])
  const [away, again] = ['You go on with the work of p:a', 'You are at work again: own did']
  expect((await handOffs(troupe, 'p:a')).toReversed().map((text) => text.slice(0, 30))).toEqual([away, again, away, again].map((text) => text.slice(0, 30)))
  // What could not be started was passed by, and that is said.
  expect((await troupe.events()).find(({ type }) => type === 'agent.not-moved')?.data).toMatchObject({ runtime: 'nowhere', why: expect.stringContaining('/no/such/shell') as string })
  expect((await troupe.ok('logs', 'a')).replaceAll(/\s+/g, ' ')).toMatch(/got .*scripted cannot \(429 used up\)/)
}, 300_000)

it.skipIf(missing !== null)('hands the work of a scripted agent to the real Claude Code, which finishes it', async () => {
  const scenario = { 'p:a': [{ when: '/^Work/', do: [limited(3600), { tool: 'dm', args: { to: 'b', text: 'finished by another' } }, ...taken] }, { from: 'troupe', do: taken }], 'p:b': [{ from: 'a', do: taken }] }
  const troupe = new Troupe(team({ a: { fallback: ['claude-code'] }, b: {} }, { scenario }), { PATH: [clis, process.env['PATH'] ?? ''].join(delimiter) })
  await troupe.ok('up')
  await troupe.ok('send', 'a', 'Work')
  await vi.waitFor(async () => expect((await troupe.mail()).filter(({ to }) => to === 'p:b').map(({ text }) => text)).toEqual(['finished by another']), patiently)
  expect(await place(troupe, 'p:a')).toMatchObject({ runtime: 'claude-code', standsInFor: { runtime: 'scripted', until: expect.any(Number) as number }, detail: expect.stringContaining('stands in for scripted') as string })
}, 300_000)
