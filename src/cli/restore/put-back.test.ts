import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { backupFormat, restoringName } from '../../core/backup.ts'
import { run } from '../../util/spawn.ts'
import { putBack } from './put-back.ts'
import { readBackup } from './read-backup.ts'

const fixture = fileURLToPath(new URL('../../../test/fixtures/restoring.ts', import.meta.url))

/** Of the backup, with the database beside `state`. */
const kept = { 'mailbox.db': 'database of then', 'team-compose.yaml': 'team of then', 'projects/p.yaml': 'project of then', 'state/applied.json': 'applied then', 'state/agents/p-a/context.md': 'known then' }
/** In the root now. */
const there = {
  ...{ 'data/mailbox.db': 'database of now', 'data/mailbox.db-wal': 'log of now', 'team-compose.yaml': 'team of now', 'projects/p.yaml': 'project of now' },
  ...{ 'projects/new.yaml': 'stays', '.env': 'SECRET=stays', 'work/file.txt': 'stays', 'state/applied.json': 'applied now', 'state/run/port': '4711' },
}
const wanted = {
  ...{ 'data/mailbox.db': 'database of then', 'team-compose.yaml': 'team of then', 'projects/p.yaml': 'project of then' },
  ...{ 'projects/new.yaml': 'stays', '.env': 'SECRET=stays', 'work/file.txt': 'stays', 'state/applied.json': 'applied then', 'state/agents/p-a/context.md': 'known then' },
}

let folder = ''
let backup = ''

function put(base: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true })
    writeFileSync(join(base, path), text)
  }
}

/** All files by their paths, without those that a restore set aside or laid ready. */
function contents(root: string, all = false): Record<string, string> {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => statSync(join(root, path)).isFile())
  return Object.fromEntries(names.filter((path) => all || !/^(state\.before-restore-|\.restoring)/.test(path)).toSorted().map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-restore-'))
  backup = join(folder, 'backup')
  put(backup, kept)
  const files = Object.entries(kept).map(([path, text]) => ({ path, bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') }))
  writeFileSync(join(backup, 'manifest.json'), JSON.stringify({ format: backupFormat, at: 0, root: join(folder, 'root'), database: 'data/mailbox.db', withEnv: false, files }))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('a restore that is killed after any of its steps has done nothing, or is ended by the next; what was there is never lost', async () => {
  const seen: string[] = []
  // Copies before the last are alike.
  for (let last = Object.keys(kept).length; ; last += 1) {
    const root = join(folder, `root-${last}`)
    put(root, there)
    const { signal, stdout } = await run([process.execPath, fixture, backup, root, String(last)], { env: {}, cwd: folder, timeoutMs: 60_000 })
    const certain = stdout.includes('certain')
    if (signal === 'SIGKILL' && !certain) expect([contents(root), existsSync(join(root, restoringName))]).toEqual([there, false])
    const whole = JSON.stringify(contents(root)) === JSON.stringify(sorted(wanted))
    // Whoever sees a part of it is told.
    if (certain) expect(whole || existsSync(join(root, restoringName))).toBe(true)
    await putBack(backup, await readBackup(backup), root)
    expect(contents(root)).toEqual(sorted(wanted))
    const texts = Object.values(contents(root, true))
    for (const text of Object.values(there)) expect(texts).toContain(text)
    expect(readdirSync(root).filter((name) => name.startsWith('.restoring'))).toEqual([])
    seen.push(stdout.trim().split('\n').at(-1) ?? '')
    if (signal !== 'SIGKILL') break
  }
  expect(seen.filter((step) => /^(planned|certain|done|set aside|placed)/.test(step)).length).toBeGreaterThan(8)
}, 120_000)

it('a new root that was cut short leaves nothing under its name, and the next takes the rest away', async () => {
  const root = join(folder, 'root')
  await run([process.execPath, fixture, backup, root, '2'], { env: {}, cwd: folder, timeoutMs: 60_000 })
  expect(existsSync(root)).toBe(false)
  expect(await putBack(backup, await readBackup(backup), root)).toBeNull()
  expect(readdirSync(folder).toSorted()).toEqual(['backup', 'root'])
})

it('another backup is put back after the one that was cut short', async () => {
  const root = join(folder, 'root')
  put(root, there)
  const until = (await run([process.execPath, fixture, backup, join(folder, 'none'), '99'], { env: {}, cwd: folder, timeoutMs: 60_000 })).stdout.split('\n').length
  await run([process.execPath, fixture, backup, root, String(until + 4)], { env: {}, cwd: folder, timeoutMs: 60_000 })
  expect(existsSync(join(root, restoringName))).toBe(true)
  const other = join(folder, 'other')
  cpSync(backup, other, { recursive: true })
  writeFileSync(join(other, 'manifest.json'), `${readFileSync(join(backup, 'manifest.json'), 'utf8')} `)
  await putBack(other, await readBackup(other), root)
  expect(contents(root)).toEqual(sorted(wanted))
  expect(readdirSync(root).filter((name) => /^state\.before-restore-[^.]+$/.test(name))).toHaveLength(2)
})

function sorted(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
