import { spawn } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished, vi } from 'vitest'
import { dist, kill, patiently, team, Troupe } from './troupe.ts'

const ack = { tool: 'inbox_ack', args: { ids: '{ids}' } }

it('T36: an agent that writes to the team’s files is told of, with who was at work; so is a forged head of the journal', async () => {
  const scenario = { '*': [{ when: '/^Edit (.+)/', do: [{ tool: 'Bash', args: { command: 'echo >> {1}; sleep 2' } }, ack, { text: 'done' }] }] }
  const troupe = new Troupe(team({ a: { permission_mode: 'bypass' } }, { scenario }))
  const changed = async (count: number): Promise<{ data: Record<string, unknown> }[]> => await vi.waitFor(async () => {
    const found = (await troupe.events()).filter(({ type }) => type === 'file.changed')
    expect(found).toHaveLength(count)
    return found
  }, patiently)
  await troupe.ok('up')
  const doctor = async (): Promise<{ check: string; ok: boolean; reason: string } | undefined> =>
    (JSON.parse((await troupe.run('doctor', '--json')).stdout) as { check: string; ok: boolean; reason: string }[]).find(({ check }) => check === 'changed files')
  expect(await doctor()).toMatchObject({ ok: true })
  await troupe.ok('send', 'a', `Edit ${join(troupe.root, 'projects/p.yaml')}`)
  expect((await changed(1))[0]?.data).toMatchObject({ file: expect.stringMatching(/projects\/p\.yaml$/) as string, by: null, atWork: ['p:a'] })
  expect(await doctor()).toMatchObject({ ok: false, reason: expect.stringMatching(/projects\/p\.yaml.*at work then: p:a/) as string })
  interface Marked { changed?: { file: string; atWork: string[] }[] }
  const marks = async (): Promise<unknown[]> => [(await troupe.json<Marked[]>('ps'))[0]?.changed, (await troupe.json<Marked>('inspect', 'a')).changed]
  const mark = [expect.objectContaining({ file: expect.stringMatching(/projects\/p\.yaml$/) as string, atWork: ['p:a'] })]
  expect(await marks()).toEqual([mark, mark])
  expect((await troupe.run('ps'))).toMatchObject({ stdout: expect.stringMatching(/(busy|idle) !/) as string, stderr: expect.stringMatching(/! changed by something else than troupe .*projects\/p\.yaml/) as string })
  expect(await troupe.ok('inspect', 'a')).toMatch(/Changed by something else than troupe[^\n]*\n.*projects\/p\.yaml \(at work then: p:a\)/)
  // The next daemon knows of it too.
  kill((await troupe.daemon()).pid)
  await vi.waitFor(async () => expect(await marks()).toEqual([mark, mark]), patiently)
  // A person's editor looks the same, and `up` makes it what counts.
  appendFileSync(join(troupe.root, 'team-compose.yaml'), '\n')
  await changed(2)
  await troupe.settled(1)
  await troupe.ok('up')
  expect(await doctor()).toMatchObject({ ok: true })
  expect(await marks()).toEqual([undefined, undefined])

  const head = join(troupe.root, 'state/journal-head.json')
  await vi.waitFor(() => expect(readFileSync(head, 'utf8')).toContain('"hash"'), patiently)
  writeFileSync(head, readFileSync(head, 'utf8').replace(/"hash":"../, '"hash":"ff'))
  await troupe.ok('send', 'a', 'one more line')
  await vi.waitFor(async () => expect((await troupe.run('audit', 'verify')).stderr).toContain('was changed by another program'), patiently)
}, 240_000)

it('T36: a second program that writes the database is in the journal, and in doctor until the next up', async () => {
  const troupe = new Troupe(team({ a: {} }, { scenario: { '*': [{ when: '/./', do: [ack, { text: 'done' }] }] } }))
  await troupe.ok('up')
  const found = async (): Promise<object | undefined> => (JSON.parse((await troupe.run('doctor', '--json')).stdout) as { check: string; ok: boolean; reason: string }[]).find(({ check, ok }) => check === 'database' && !ok)
  expect(await found()).toBeUndefined()
  const other = new DatabaseSync(join(troupe.root, 'state/mailbox.db'), { timeout: 30_000 })
  other.exec("update settings set value = value where key = 'none'")
  other.exec('create table mine(id text)')
  other.close()
  await troupe.ok('send', 'a', 'one more line')
  await troupe.settled(1)
  expect((await troupe.events()).filter(({ type }) => type === 'store.foreign_write')).toMatchObject([{ agent: null, data: { by: null } }])
  expect(await found()).toMatchObject({ reason: expect.stringContaining('mailbox.db was written to by something else than its daemon') as string })
  await troupe.ok('audit', 'verify')
  await troupe.ok('up')
  expect(await found()).toBeUndefined()
}, 240_000)

it('T37: what is shown for a decision is escaped, whole, and bound by its hash, at every face', async () => {
  const lies = 'git status\u001b[8m && git push\u202e \u200bx\r p\u0430y' // hidden, turned round, of no width, a Cyrillic letter
  const scenario = {
    '*': [
      { when: 'ask', do: [{ tool: 'request_approval', args: { action: 'publish', summary: lies, wait: false, payload: { tool: 'Bash', input: { command: `${lies}${' '.repeat(5000)}git push` } } } }, ack, { text: 'asked' }] },
      { from: 'troupe', do: [ack, { text: 'heard' }] },
    ],
  }
  const troupe = new Troupe(team({ a: {} }, { scenario }))
  await troupe.ok('up')
  await troupe.ok('send', 'a', 'ask')
  await vi.waitFor(async () => expect(await troupe.json('approvals')).toHaveLength(1), patiently)
  const watched = await troupe.run('approvals', '--all')
  for (const shown of [await troupe.ok('approvals'), await troupe.ok('approvals', '1'), watched.stdout]) {
    expect(shown).not.toMatch(/[\u001b\u202e\u200b\r]/)
    expect(shown).toMatch(/\\u\{1b\}|\\u001b/)
  }
  const watching = spawn(process.execPath, [join(dist, 'troupe.cjs'), '-C', troupe.root, 'approvals', '--watch'], { env: troupe.env, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void watching.kill('SIGKILL'))
  let seen = ''
  watching.stdout.on('data', (text) => (seen += String(text)))
  await vi.waitFor(() => expect(seen).toContain('git status'), patiently)
  watching.kill('SIGKILL')
  expect(seen).toMatch(/\\u\{1b\}|\\u001b/)
  expect(seen).not.toMatch(/\u001b\[8m|[\u202e\u200b]/)
  const one = await troupe.ok('approvals', '1')
  expect(one).toMatch(/sha256 +[0-9a-f]{64}/)
  expect(one).toContain('letters that only look like Latin ones: \u0430 U+0430')
  // The end of a long command is there too.
  expect(one).toMatch(/ {100}git push/)
  const [row] = await troupe.json<{ exact: string; summary: string }[]>('approvals')
  expect(JSON.parse(row!.exact)).toMatchObject({ input: { command: expect.stringContaining('\u001b[8m') as string } })
  await troupe.ok('deny', '1')
  const mail = (await troupe.mail()).find(({ from }) => from === 'troupe')
  expect(mail?.text.length).toBeLessThan(600)
  expect(await troupe.ok('mail', '--all')).not.toMatch(/[\u001b\u202e\u200b]/)
  const asked = (await troupe.events()).find(({ type }) => type === 'approval.requested')
  expect(asked?.data['hash']).toMatch(/^[0-9a-f]{64}$/)
}, 240_000)
