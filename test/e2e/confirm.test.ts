import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, vi } from 'vitest'
import { run, type Ran } from '../../src/util/spawn.ts'
import { patiently, team, Troupe } from './troupe.ts'

const ack = { tool: 'inbox_ack', args: { ids: '{ids}' } }
const scenario = {
  'p:a': [
    { when: '/^Release (.+)/', do: [{ tool: 'request_approval', args: { action: 'release', summary: '{1}', wait: false } }, ack, { text: 'asked' }] },
    { from: 'troupe', do: [ack, { text: 'heard' }] },
  ],
}

class Confirming extends Troupe {
  constructor(confirm: string) {
    super(team({ a: {} }, { scenario, compose: { hitl: { confirm } } }))
  }

  /** Runs a command with passphrases at descriptors 3 and 4, as a person's shell would. */
  async knowing(first: string, second: string, ...args: string[]): Promise<Ran> {
    const files = [first, second].map((text, at) => {
      const file = join(this.folder, `secret-${at}`)
      writeFileSync(file, `${text}\n`, { mode: 0o600 })
      return file
    })
    const argv = [process.execPath, this.program, '-C', this.root, ...args]
    return await run(['sh', '-c', 'exec 3<"$1" 4<"$2"; shift 2; exec "$@"', 'sh', ...files, ...argv], { env: this.env, cwd: this.folder, timeoutMs: 240_000 })
  }

  async asked(n: number): Promise<void> {
    await this.ok('send', 'a', `Release ${n}`)
    await vi.waitFor(async () => expect((await this.json<{ n: number }[]>('approvals')).map((each) => each.n)).toContain(n), patiently)
  }

  async status(n: number): Promise<string | undefined> {
    return (await this.json<{ n: number; status: string }[]>('approvals', '--all')).find((each) => each.n === n)?.status
  }
}

const known = 'correct horse battery'

it('a yes needs the passphrase, which is nowhere; a no does not; wrong ones make one wait; nobody else changes it', async () => {
  const troupe = new Confirming('passphrase')
  await troupe.ok('up')
  await troupe.asked(1)
  const approve = async (passphrase: string, n: number): Promise<Ran> => await troupe.knowing(passphrase, '', 'approve', String(n), '--passphrase-fd', '3')
  expect(await approve(known, 1)).toMatchObject({ code: 3, stderr: expect.stringContaining('none is set') })
  expect((await troupe.knowing('short', '', 'passphrase', '--passphrase-fd', '3')).code).toBe(2)
  expect((await troupe.knowing(known, '', 'passphrase', '--passphrase-fd', '3')).code).toBe(0)
  const bare = await troupe.run('approve', '1')
  expect([bare.code, await troupe.status(1)]).toEqual([2, 'pending'])
  expect(bare.stderr).toContain('--passphrase-fd')
  expect(await approve('wrong horse', 1)).toMatchObject({ code: 3, stderr: expect.stringContaining('the passphrase is wrong') })
  expect(await approve(known, 1)).toMatchObject({ code: 0, stdout: 'approval 1 approved\n' })
  await troupe.asked(2)
  expect(await troupe.ok('deny', '2')).toBe('approval 2 denied\n')

  await troupe.asked(3)
  for (let tries = 0; tries < 3; tries += 1) await approve('wrong horse', 3)
  expect(await approve(known, 3)).toMatchObject({ code: 3, stderr: expect.stringContaining('looked at later') })
  await vi.waitFor(async () => expect((await approve(known, 3)).code).toBe(0), patiently)
  const wrong = (await troupe.events()).filter(({ type }) => type === 'confirm.wrong-passphrase')
  expect(wrong.map(({ data }) => data['for'])).toEqual(['approval 1', 'approval 3', 'approval 3', 'approval 3'])

  // Another one only with the one so far; and not past troupe.
  expect((await troupe.knowing('another long one', 'wrong', 'passphrase', '--passphrase-fd', '3', '--old-passphrase-fd', '4')).code).toBe(3)
  expect((await troupe.knowing('another long one', known, 'passphrase', '--passphrase-fd', '3', '--old-passphrase-fd', '4')).code).toBe(0)
  await troupe.asked(4)
  expect((await approve(known, 4)).code).toBe(3)
  const database = new DatabaseSync(join(troupe.root, 'state/mailbox.db'))
  expect(JSON.stringify(database.prepare('select * from settings').all())).not.toContain('horse')
  database.exec(`update settings set value = replace(value, '"salt":"', '"salt":"00') where value like '%"salt"%'`)
  database.close()
  expect(await approve('another long one', 4)).toMatchObject({ code: 3, stderr: expect.stringContaining('changed by something else than troupe') })
  // Nowhere in the team's files, and what is kept of it is the user's alone.
  for (const name of readdirSync(join(troupe.root, 'state'), { recursive: true, encoding: 'utf8' })) {
    const file = join(troupe.root, 'state', name)
    if (!statSync(file).isFile()) continue
    expect(readFileSync(file).includes('correct horse'), name).toBe(false)
    expect(statSync(file).mode & 0o077, name).toBe(0)
  }
}, 300_000)

it('where only the chat counts, operators may say no and nothing else', async () => {
  const troupe = new Confirming('chat')
  await troupe.ok('up')
  await troupe.asked(1)
  const refused = await troupe.run('approve', '1')
  expect([refused.code, refused.stderr]).toEqual([3, expect.stringMatching(/given in its chat only[^]*rule: hitl\.confirm, team-compose\.yaml:1; who could allow it: a person in the team’s chat/)])
  expect(await troupe.ok('deny', '1')).toBe('approval 1 denied\n')
}, 240_000)
