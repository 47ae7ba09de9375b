import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { run } from '../../src/util/spawn.ts'
import { patiently, team, Troupe } from './troupe.ts'

/** Put together here, so that no other file holds them. */
const canary = (name: string): string => ['canary', name, 'a1b2c3d4e5f6'].join('-')
const [exported, written, header] = [canary('exported'), canary('dotenv'), canary('header')]
const secrets = [exported, written, header]

/** A team whose agent says aloud what it should not. */
function indiscreet(): Troupe {
  const text = `${exported} ${written} Authorization: Bearer ${header}`
  const scenario = { '*': [{ when: 'tell', do: [{ tool: 'print', args: { text } }, { text: 'said' }] }] }
  const troupe = new Troupe(team({ a: { env: ['EXPORTED', 'WRITTEN'] } }, { scenario }), { EXPORTED: exported, ELSEWHERE: canary('elsewhere') })
  writeFileSync(join(troupe.root, '.env'), `WRITTEN=${written}\n`)
  return troupe
}

test('a bundle tells all that is needed, and none of the secrets that agents got or printed', async () => {
  const troupe = indiscreet()
  await troupe.ok('up')
  await troupe.ok('send', 'a', 'tell')
  await vi.waitFor(() => expect(readFileSync(join(troupe.root, 'state/agents/p-a/supervisor.log'), 'utf8')).toContain(header), patiently)

  // Another shell, which does not know the value: the daemon does.
  delete troupe.env['EXPORTED']
  const file = join(troupe.folder, 'bundle.tar.gz')
  const { entries } = await troupe.json<{ entries: string[] }>('support', 'bundle', file)
  expect(entries).toEqual(expect.arrayContaining(['README.txt', 'versions.json', 'doctor.json', 'config.json', 'daemon.log', 'ps.json', 'journal.jsonl', 'tmux.txt', 'agents/1-p_a.json', 'terminals/1-p_a.txt']))
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const text = gunzipSync(readFileSync(file)).toString('latin1')
  for (const secret of [...secrets, canary('elsewhere')]) expect(text).not.toContain(secret)

  const { stdout } = await run(['tar', '-xzOf', file, '--wildcards', '*/terminals/1-p_a.txt'])
  expect(stdout).toMatch(/\[secret\] \[secret\] Authorization: (Bearer )?\[secret\]/)
  const journal = await run(['tar', '-xzOf', file, '--wildcards', '*/journal.jsonl'])
  expect(journal.stdout.trimEnd().split('\n').map((line) => (JSON.parse(line) as { type: string }).type)).toContain('agent.launched')
  const states = await run(['tar', '-xzOf', file, '--wildcards', '*/agents/1-p_a.json'])
  expect(JSON.parse(states.stdout)).toMatchObject({ inspect: { agent: 'p:a', phase: 'idle' }, explain: { agent: 'p:a' } })
  expect(await troupe.run('support', 'bundle', file)).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') })
})

test('what agents get stands in no file of ours, and in the environment of agents alone', async () => {
  const troupe = indiscreet()
  await troupe.ok('up')
  const { pid, keeper } = await troupe.daemon()
  const agent = await troupe.pid('a')
  expect(environmentOf(agent)).toContain(exported)
  for (const each of [pid, keeper ?? 0]) expect(environmentOf(each)).not.toMatch(/canary-/)

  const carriers = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && /canary-(exported|dotenv|elsewhere)/.test(environmentOf(Number(name))))
  expect(carriers.filter((name) => !environmentOf(Number(name)).includes('TROUPE_INCARNATION='))).toEqual([])
  expect(carriers.map(Number)).toContain(agent)

  const holders = filesUnder(join(troupe.root, 'state')).filter((file) => secrets.some((secret) => readFileSync(file, 'latin1').includes(secret)))
  expect(holders).toEqual([])

  // The next daemon, started without a keeper to hand it on, still has what this shell gives it.
  await troupe.ok('daemon', 'stop')
  await troupe.ok('restart', 'a')
  expect(environmentOf(await troupe.pid('a'))).toContain(exported)
  expect(environmentOf((await troupe.daemon()).pid)).not.toMatch(/canary-/)
})

test('without a daemon a bundle is made all the same, without what agents printed', async () => {
  const troupe = indiscreet()
  await troupe.ok('up')
  await troupe.ok('down')
  const { entries, file } = await troupe.json<{ entries: string[]; file: string }>('support', 'bundle')
  expect(file).toContain('troupe-support-')
  expect(entries).toContain('doctor.json')
  expect(entries.filter((name) => name.startsWith('terminals/'))).toEqual([])
  expect((await troupe.run('daemon', 'status')).code).toBe(1)
})

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch {
    return '' // gone, or another user's
  }
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name))
}
