import { expect, it, vi } from 'vitest'
import { kill, patiently, team, Troupe } from './troupe.ts'

interface Row { n: number; status: string; agent: string; action: string; summary: string }

const ask = { tool: 'request_approval', args: { action: 'release', summary: 'version 1', payload: { tag: 'v1' } } }
const ack = { tool: 'inbox_ack', args: { ids: '{ids}' } }
const scenario = {
  'p:a': [
    { when: '/^Release/', do: [ask, ack, { text: 'asked' }] },
    { when: '/^Ask only/', do: [{ ...ask, args: { ...ask.args, wait: false } }, ack, { text: 'asked' }] },
    { from: 'troupe', do: [ack, { text: 'heard' }] },
  ],
}

it('an agent asks; the daemon dies and the request does not; a person decides; who does not wait hears by mail', async () => {
  const troupe = new Troupe(team({ a: {} }, { scenario }))
  await troupe.ok('up')
  expect(await troupe.ok('pending')).toBe('(no pending approvals)\n')
  await troupe.ok('send', 'a', 'Release')
  const pending = async (n: number): Promise<Row> => await vi.waitFor(async () => {
    const found = (await troupe.json<Row[]>('approvals')).find((row) => row.n === n)
    if (found === undefined) throw new Error(`no pending approval ${n}`)
    return found
  }, patiently)
  expect(await pending(1)).toMatchObject({ agent: 'p:a', action: 'release', summary: 'version 1' })
  const { pid } = await troupe.daemon()
  kill(pid)
  await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
  expect(await troupe.ok('approvals')).toMatch(/ID +PROJECT +AGENT +ACTION +LEFT +SUMMARY\n +1 +p +a +release +\d+m +version 1/)
  expect(await troupe.ok('approvals', '1')).toContain('"tag": "v1"')
  expect(await troupe.ok('approve', '1', '--note', 'go')).toBe('approval 1 approved\n')
  await troupe.settled(1)
  const again = await troupe.run('approve', '1')
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('approval 1 was approved already, by user')])
  expect((await troupe.run('deny', '9')).code).toBe(4)

  await troupe.ok('send', 'a', 'Ask only')
  await vi.waitFor(async () => expect((await troupe.json<Row[]>('approvals')).length).toBe(1), patiently)
  const [open] = await troupe.json<Row[]>('approvals')
  await troupe.ok('deny', String(open!.n), '--note', 'not now')
  await vi.waitFor(async () => expect((await troupe.mail()).map(({ from, text }) => `${from}: ${text}`)).toContainEqual(expect.stringMatching(/^troupe: Approval \d+ \(release: version 1\) was denied\. Note: not now/)), patiently)
  await vi.waitFor(async () => expect((await troupe.mail()).filter((each) => !each.state.startsWith('acked'))).toEqual([]), patiently)
}, 240_000)
