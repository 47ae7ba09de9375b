import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { kill, patiently, team, Troupe, type Row } from './troupe.ts'

const files = team({ dev: {}, other: {} })
const texts = (troupe: Troupe) => troupe.mail().then((mail) => mail.map(({ text }) => text).toSorted())

it('a backup under load, put back elsewhere, has everything acknowledged before it, and a whole journal', async () => {
  const troupe = new Troupe({ ...files, 'roles/dev.md': 'Do it well.', '.env': 'TOKEN=secret' })
  const folder = join(troupe.folder, 'backup')
  await troupe.ok('daemon', 'start')
  writeFileSync(join(troupe.folder, 'file.txt'), 'content')
  mkdirSync(join(troupe.root, 'state', 'agents', 'p-dev'), { recursive: true })
  writeFileSync(join(troupe.root, 'state', 'agents', 'p-dev', 'context.md'), 'remember')
  await troupe.ok('send', 'dev', 'with a file', '--attach', 'file.txt')
  const before = ['with a file']
  let on = true
  const load = (async () => {
    for (let n = 0; on; n += 1) await troupe.ok('send', 'other', `load ${n}`)
  })()
  for (let n = 0; n < 5; n += 1) {
    await troupe.ok('send', 'dev', `before ${n}`)
    before.push(`before ${n}`)
  }
  expect(await troupe.ok('backup', folder)).toMatch(/^backup · \d+ files, [\d,]+ bytes → /)
  expect((await troupe.run('backup', folder)).code).toBe(2)
  // A parent that is there, and denied by the system: it was tried for ever.
  expect((await troupe.run('backup', '/proc/x')).code).toBe(1)
  on = false
  await load

  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)).filter((path) => statSync(path).isFile())
  expect(all.filter((path) => (statSync(path).mode & 0o077) !== 0)).toEqual([])
  expect(all.filter((path) => readFileSync(path).includes('TOKEN=secret'))).toEqual([])
  const token = readFileSync(join(troupe.root, 'state', 'run', 'operator.token'), 'utf8').trim()
  expect(all.filter((path) => readFileSync(path).includes(token))).toEqual([])

  const to = join(troupe.folder, 'elsewhere', '.team')
  expect((await troupe.run('restore', folder)).code).toBe(1)
  expect(await troupe.ok('restore', folder, '--to', to)).toContain('restore · ')
  const other = new Troupe({})
  Object.assign(other, { root: to })
  expect(await other.ok('audit', 'verify')).toMatch(/^ok · /)
  const found = await texts(other)
  expect(before.filter((text) => !found.includes(text))).toEqual([])
  await other.ok('attachment', 'get', '1', '-o', 'out.txt')
  expect(readFileSync(join(other.folder, 'out.txt'), 'utf8')).toBe('content')
  expect(readFileSync(join(to, 'state', 'agents', 'p-dev', 'context.md'), 'utf8')).toBe('remember')
  expect(readFileSync(join(to, 'roles', 'dev.md'), 'utf8')).toBe('Do it well.')
  expect([existsSync(join(to, '.env')), existsSync(join(to, 'state', 'run', 'port'))]).toEqual([false, true])
  await other.ok('send', 'dev', 'and on')
  await other.run('down', '--hard')
}, 120_000)

it('a team that is up, put back elsewhere, is down there, has its own mail, and leaves the first one alone', async () => {
  const troupe = new Troupe(files)
  await troupe.ok('up')
  await troupe.ok('send', 'dev', 'for both')
  await troupe.settled(1)
  const to = join(troupe.folder, 'elsewhere', '.team')
  await troupe.ok('backup', join(troupe.folder, 'backup'))
  await troupe.ok('restore', join(troupe.folder, 'backup'), '--to', to)
  const other = new Troupe({})
  Object.assign(other, { root: to })
  await vi.waitFor(async () => expect((await other.json<Row[]>('ps')).map(({ phase, detail }) => [phase, detail])).toEqual([['stopped', 'asked'], ['stopped', 'asked']]), patiently)
  expect(await texts(other)).toEqual(['for both'])
  expect(await other.json('daemon', 'status')).toMatchObject({ store: `sqlite ${join(to, 'state', 'mailbox.db')}` })
  expect((await other.json<{ evidence: { what: string }[] }>('inspect', 'dev')).evidence.map(({ what }) => what)).toContain(`this team was brought up in ${troupe.root}, and is down here until troupe up`)

  await troupe.ok('send', 'dev', 'only for the first')
  expect(await texts(troupe)).toEqual(['for both', 'only for the first'])
  await other.ok('up')
  expect((await other.agent('dev')).phase).toBe('idle')
  expect(await texts(other)).toEqual(['for both'])
  await other.ok('down')
  expect((await troupe.agent('dev')).phase).toBe('idle')
  // Its agents outlive the daemon: without their state nobody would find them again.
  await troupe.ok('daemon', 'stop')
  expect(await troupe.run('restore', join(troupe.folder, 'backup'), '--force')).toMatchObject({ code: 1, stderr: expect.stringMatching(/agents of .* run, without a daemon: .*p:dev/) as string })
  expect(readdirSync(troupe.root).filter((name) => name.startsWith('state.'))).toEqual([])
  await troupe.ok('down')
}, 120_000)

it('a backup that was changed is refused before anything is touched; one that is whole sets aside what is there', async () => {
  const troupe = new Troupe(files)
  const folder = join(troupe.folder, 'backup')
  await troupe.ok('send', 'dev', 'first')
  await troupe.ok('backup', folder, '--with-env')
  await troupe.ok('send', 'dev', 'second')
  expect(await troupe.run('restore', folder, '--force')).toMatchObject({ code: 1, stderr: expect.stringContaining('a daemon runs') as string })
  await troupe.ok('daemon', 'stop')
  expect(await troupe.run('restore', folder)).toMatchObject({ code: 1, stderr: expect.stringContaining('holds a team already') as string })

  const compose = join(folder, 'team-compose.yaml')
  const was = readFileSync(compose, 'utf8')
  for (const [spoil, why] of [
    [() => writeFileSync(compose, `${was} `), 'was changed'],
    [() => rmSync(compose), 'is missing'],
    [() => writeFileSync(join(folder, 'more'), ''), 'is not in its manifest'],
  ] as const) {
    spoil()
    expect(await troupe.run('restore', folder, '--force')).toMatchObject({ code: 1, stderr: expect.stringContaining(why) as string })
    writeFileSync(compose, was)
    rmSync(join(folder, 'more'), { force: true })
  }
  expect(await texts(troupe)).toEqual(['first', 'second'])
  await troupe.ok('daemon', 'stop')

  // Nobody works on what a restore left in the middle; the next one ends it.
  mkdirSync(join(troupe.root, '.restoring'))
  expect(await troupe.run('ps')).toMatchObject({ code: 1, stderr: expect.stringMatching(/a restore into .* was cut short[\s\S]*once more/) as string })

  const said = await troupe.run('restore', folder, '--force')
  expect(said).toMatchObject({ code: 0, stderr: expect.stringMatching(/What was there before is in .*state\.before-restore-/) as string })
  expect(await texts(troupe)).toEqual(['first'])
  expect(readdirSync(troupe.root).filter((name) => name.startsWith('state.before-restore-'))).toHaveLength(2)
  expect((await troupe.run('restore', troupe.folder)).code).toBe(4)
}, 120_000)

it('a daemon that is killed in the middle leaves no half of a backup under its name', async () => {
  const troupe = new Troupe(files)
  await troupe.ok('send', 'dev', 'x'.repeat(90_000))
  const { pid } = await troupe.daemon()
  const folder = join(troupe.folder, 'backup')
  const running = troupe.run('backup', folder)
  await vi.waitFor(() => expect(readdirSync(troupe.folder).some((name) => name.startsWith('backup'))).toBe(true), { timeout: 30_000, interval: 1 })
  kill(pid)
  await running
  const whole = existsSync(folder)
  expect(existsSync(join(folder, 'manifest.json'))).toBe(whole)
  await vi.waitFor(async () => expect((await troupe.daemon()).pid).not.toBe(pid), patiently)
  await troupe.ok('backup', `${folder}-again`)
}, 120_000)
