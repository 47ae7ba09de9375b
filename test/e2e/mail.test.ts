import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { environmentOf, incarnations } from './teams.ts'
import { kill, patiently, team, Troupe } from './troupe.ts'

it('refuses an unknown recipient with the nearest name, and keeps nothing (T1)', async () => {
  const troupe = new Troupe(team({ manager: {}, dev: {} }))
  await troupe.ok('up')
  const refused = await troupe.run('send', 'mangaer', 'hello')
  expect(refused.code).toBe(4)
  expect(refused.stdout).toBe('')
  expect(refused.stderr).toMatch(/mangaer[^]*Try:.*manager/)
  expect((await troupe.run('send', 'other:dev', 'hello')).code).toBe(4)
  expect((await troupe.run('broadcast', '#nowhere', 'hello')).code).toBe(4)
  const shown = JSON.parse((await troupe.run('send', 'mangaer', 'hello', '--json')).stderr) as unknown
  expect(shown).toMatchObject({ error: { code: 'unknown', hint: expect.stringContaining('manager') as string } })
  expect(await troupe.mail()).toEqual([])
  expect((await troupe.events()).filter((line) => line.type.startsWith('message'))).toEqual([])
}, 300_000)

it('says the limit to who goes beyond it, and takes what just fits', async () => {
  const troupe = new Troupe(team({ a: {} }, { compose: { limits: { message_bytes: 5000 } } }))
  await troupe.ok('up')
  const long = await troupe.run('send', 'a', 'é'.repeat(2_501))
  expect(long.code).toBe(2)
  expect(long.stderr).toContain('5002 bytes')
  expect(long.stderr).toContain('limit is 5000')
  await troupe.ok('send', 'a', 'é'.repeat(2_500))
  expect(await troupe.settled(1)).toHaveLength(1)
}, 300_000)

it('carries the largest message that is allowed, whole', async () => {
  const troupe = new Troupe(team({ a: {} }))
  await troupe.ok('up')
  const text = `${'\u0001"\\ü'.repeat(52_000)}end`
  writeFileSync(join(troupe.folder, 'large'), text)
  await troupe.ok('send', 'a', '--file', join(troupe.folder, 'large'))
  const [mail] = await troupe.settled(1)
  expect(mail?.text === text).toBe(true)
}, 300_000)

it('sends once for one key, also over kill -9 of the daemon', async () => {
  const troupe = new Troupe(team({ a: {}, b: {} }))
  await troupe.ok('up')
  const send = (to: string, text: string) => troupe.run('send', to, text, '--key', 'k1', '--json')
  const id = (ran: { stdout: string }) => (JSON.parse(ran.stdout) as { id: string }).id
  const first = await send('a', 'once')
  const ids = (await Promise.all(Array.from({ length: 4 }, () => send('a', 'once')))).map(id)
  kill((await troupe.daemon()).pid)
  ids.push(id(await send('a', 'once')))
  expect(new Set(ids)).toEqual(new Set([id(first)]))
  for (const other of [await send('a', 'twice'), await send('b', 'once')]) {
    expect(other.code).toBe(1)
    expect(JSON.parse(other.stderr)).toMatchObject({ error: { code: 'conflict' } })
  }
  expect(await troupe.settled(1)).toHaveLength(1)
}, 300_000)

it('lets the token of an earlier incarnation in nowhere (T6)', async () => {
  const troupe = new Troupe(team({ a: {} }))
  await troupe.ok('up')
  const { TROUPE_MCP_URL: url = '', TROUPE_AGENT_TOKEN: token = '' } = environmentOf(await troupe.pid('a'))
  const whoami = async (bearer: string) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } })
    const response = await fetch(url, { method: 'POST', headers, body })
    return { status: response.status, text: await response.text() }
  }
  expect(await whoami(token)).toMatchObject({ status: 200, text: expect.stringContaining('p:a') as string })
  const before = await troupe.agent('a')
  kill(await troupe.pid('a'))
  await vi.waitFor(async () => expect((await whoami(token)).status).toBe(401), patiently)
  await vi.waitFor(async () => {
    const now = await troupe.agent('a')
    expect(now.phase).toBe('idle')
    expect(now.incarnation).not.toBe(before.incarnation)
  }, patiently)
  expect((await whoami(token)).status).toBe(401)
  const { TROUPE_AGENT_TOKEN: fresh = '' } = environmentOf(await troupe.pid('a'))
  expect(fresh).not.toBe(token)

  const { pid } = await troupe.daemon()
  kill(pid)
  await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
  expect((await whoami(token)).status).toBe(401)
  expect((await whoami(fresh)).status).toBe(200)
  await troupe.ok('stop', 'a')
  expect((await whoami(fresh)).status).toBe(401)
}, 300_000)

/** They do nothing but write, which the loop guard is there to stop. */
const onlyTalk = { loop_guard: { enabled: false } }

/** Three agents ask each other and answer; every question is one message, every answer another. */
const asking = {
  '*': [
    { when: '/^ask (\\w+) (\\d+)/', do: [{ tool: 'dm', args: { to: '{1}', text: 'question {2}' } }, { text: 'asked' }] },
    { when: '/^question (\\d+)/', do: [{ tool: 'dm', args: { to: '{from}', text: 'answer {1}' } }, { text: 'answered' }] },
  ],
}
const names = ['a', 'b', 'c']
const pairs = names.flatMap((asker) => names.filter((other) => other !== asker).map((asked) => ({ asker, asked })))
const rounds = pairs.flatMap((pair, index) => [1, 2, 3].map((round) => ({ ...pair, n: 10 * round + index })))

async function expectEachOnce(troupe: Troupe): Promise<void> {
  const mail = (await troupe.settled(rounds.length * 3)).map(({ from, to, text }) => `${from} > ${to}: ${text}`)
  const expected = rounds.flatMap(({ asker, asked, n }) => [
    `user > p:${asker}: ask ${asked} ${n}`,
    `p:${asker} > p:${asked}: question ${n}`,
    `p:${asked} > p:${asker}: answer ${n}`,
  ])
  expect(mail.toSorted()).toEqual(expected.toSorted())
}

it('carries conversations side by side without an echo or a wrong address (T7)', async () => {
  const troupe = new Troupe(team({ a: {}, b: {}, c: {} }, { scenario: asking, compose: onlyTalk }))
  await troupe.ok('up')
  await Promise.all(rounds.map(({ asker, asked, n }) => troupe.ok('send', asker, `ask ${asked} ${n}`)))
  await expectEachOnce(troupe)
}, 300_000)

it('loses nothing and says nothing twice, however often the daemon is killed meanwhile', async () => {
  const troupe = new Troupe(team({ a: {}, b: {}, c: {} }, { scenario: asking, compose: onlyTalk }))
  await troupe.ok('up')
  const before = await incarnations(troupe)
  for (const [index, { asker, asked, n }] of rounds.entries()) {
    // Whoever is not answered asks again, under the same key.
    await vi.waitFor(() => troupe.ok('send', asker, `ask ${asked} ${n}`, '--key', `${n}`), patiently)
    if (index % 2 === 0) kill((await troupe.daemon()).pid)
  }
  await expectEachOnce(troupe)
  expect(await incarnations(troupe)).toEqual(before)
}, 300_000)
