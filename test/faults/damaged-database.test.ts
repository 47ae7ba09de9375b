import { existsSync, openSync, closeSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { incarnations } from '../e2e/teams.ts'
import { kill, patiently, team, Troupe } from '../e2e/troupe.ts'

const acknowledge = { a: {}, b: {} }

/** A team with some mail, all acknowledged. */
async function withMail(): Promise<{ troupe: Troupe; file: string; before: Record<string, string | null>; pids: number[] }> {
  const troupe = new Troupe(team(acknowledge))
  await troupe.ok('up')
  for (let n = 0; n < 5; n++) await troupe.ok('send', 'a', `words of message ${n}`)
  await troupe.settled(5)
  const pids = [await troupe.pid('a'), await troupe.pid('b')]
  return { troupe, file: join(troupe.root, 'state', 'mailbox.db'), before: await incarnations(troupe), pids }
}

/** Kills the daemon and its keeper, which would read the file at once. */
async function killBoth(troupe: Troupe): Promise<void> {
  const { pid, keeper } = await troupe.daemon()
  if (keeper !== null) kill(keeper)
  kill(pid)
}

/** What is known outside the database lags a second: only then is it missed. */
async function remembered(troupe: Troupe): Promise<void> {
  await vi.waitFor(async () => {
    const [last] = await troupe.json<{ hash: string }[]>('audit', 'log', '--lines', '1')
    expect(readFileSync(join(troupe.root, 'state', 'journal-head.json'), 'utf8')).toContain(last?.hash)
  }, patiently)
}

function overwrite(file: string, offset: number, bytes: Buffer): void {
  const fd = openSync(file, 'r+')
  writeSync(fd, bytes, 0, bytes.length, offset)
  closeSync(fd)
}

const log = (troupe: Troupe) => readFileSync(join(troupe.root, 'state', 'run', 'daemon.log'), 'utf8')

describe('T29: a damaged database', { timeout: 300_000 }, () => {
  it.each<[string, RegExp, (file: string) => void]>([
    ['header zeroed', /is not a sound SQLite database/, (file) => overwrite(file, 0, Buffer.alloc(100))],
    ['cut off', /is not a sound SQLite database/, (file) => truncateSync(file, Math.floor(statSync(file).size / 2 / 4096) * 4096 + 100)],
    ['emptied', /is empty or gone/, (file) => truncateSync(file)],
    ['removed', /is empty or gone/, (file) => rmSync(file)],
  ])('%s: refused with what to do, not begun anew, agents live, the keeper does not spin, and a copy puts it right', async (_, words, harm) => {
    const { troupe, file, before, pids } = await withMail()
    await killBoth(troupe)
    // What is in the log goes into the file first, so that there is something to lose.
    await troupe.ok('daemon', 'start')
    await troupe.ok('daemon', 'stop')
    await vi.waitFor(() => expect(existsSync(`${file}-wal`)).toBe(false), patiently)
    const copy = readFileSync(file)
    harm(file)
    const refused = await troupe.run('send', 'a', 'while it is damaged')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(words)
    expect(refused.stderr).toContain('Try:')
    const doctor = JSON.parse((await troupe.run('doctor', '--json')).stdout) as { check: string; ok: boolean }[]
    expect(doctor.filter(({ check, ok }) => check === 'database' && !ok)).toHaveLength(1)
    expect(await troupe.leftOver()).toEqual(expect.arrayContaining(pids))

    for (const end of ['-wal', '-shm']) rmSync(`${file}${end}`, { force: true })
    rmSync(file, { force: true })
    overwriteWhole(file, copy)
    await troupe.ok('daemon', 'start')
    expect(await incarnations(troupe)).toEqual(before)
    expect((await troupe.mail()).map(({ text }) => text).toSorted()).toEqual([0, 1, 2, 3, 4].map((n) => `words of message ${n}`))
    await troupe.ok('audit', 'verify')
  })

  it('in a committed part of its log: refused, where SQLite would forget the rest silently', async () => {
    const { troupe, file, pids } = await withMail()
    await killBoth(troupe)
    overwrite(`${file}-wal`, 32 + 24 + 2_000, Buffer.from('a bit of rot'))
    const refused = await troupe.run('send', 'a', 'while it is damaged')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/-wal is damaged at its frame 1/)
    expect(refused.stderr).toContain('nothing was touched')
    expect(await troupe.leftOver()).toEqual(expect.arrayContaining(pids))
  })

  it('with the end of its log cut off, or without its index: comes up, and what is missing is told, or nothing is', async () => {
    const { troupe, file, before } = await withMail()
    await killBoth(troupe)
    rmSync(`${file}-shm`)
    await troupe.ok('daemon', 'start')
    expect(await incarnations(troupe)).toEqual(before)
    await troupe.ok('audit', 'verify')

    await troupe.ok('send', 'a', 'one more')
    await troupe.settled(6)
    await remembered(troupe)
    await killBoth(troupe)
    truncateSync(`${file}-wal`, Math.floor(statSync(`${file}-wal`).size * 0.7))
    await troupe.ok('daemon', 'start')
    const verdict = await troupe.run('audit', 'verify')
    expect(verdict.code).toBe(1)
    expect(verdict.stdout + verdict.stderr).toContain('rewritten or rolled back')
    expect(log(troupe)).toContain('the journal does not fit what was known of it')

    // All that there is stood in the log: an empty database would hide that.
    await killBoth(troupe)
    rmSync(`${file}-wal`)
    truncateSync(file, 0)
    expect((await troupe.run('ps')).stderr).toMatch(/is empty or gone/)
  })

  it('in the words of a message: found by audit verify and by doctor', async () => {
    const { troupe, file } = await withMail()
    await troupe.ok('daemon', 'stop')
    await vi.waitFor(() => expect(existsSync(`${file}-wal`)).toBe(false), patiently)
    const at = readFileSync(file).indexOf('words of message 3')
    overwrite(file, at, Buffer.from('wordz'))
    await troupe.ok('daemon', 'start')
    const verdict = await troupe.run('audit', 'verify')
    expect(verdict.code).toBe(1)
    expect(verdict.stdout + verdict.stderr).toContain('does not have the words that were sent')
    expect((await troupe.run('doctor')).stdout).toContain('does not have the words that were sent')
  })

  it('taken away under a running daemon: nothing more is acknowledged, and what it had is put back by a person', async () => {
    const { troupe, file, before } = await withMail()
    renameSync(file, `${file}.gone`)
    const refused = await troupe.run('send', 'a', 'into nothing')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('was removed or replaced')
    expect(refused.stderr).toContain('.rescued')
    expect((await troupe.run('doctor')).stdout).toContain('was removed while the daemon has it open')
    rmSync(`${file}.gone`)
    await vi.waitFor(() => expect(readdirSync(join(troupe.root, 'state'))).toContain('mailbox.db.rescued'), patiently)
    await troupe.ok('daemon', 'stop')
    for (const end of ['-wal', '-shm']) rmSync(`${file}${end}`, { force: true })
    renameSync(`${file}.rescued`, file)
    await troupe.ok('daemon', 'start')
    expect(await incarnations(troupe)).toEqual(before)
    expect(await troupe.mail()).toHaveLength(5)
    await troupe.ok('audit', 'verify')
  })
})

function overwriteWhole(file: string, bytes: Buffer): void {
  closeSync(openSync(file, 'wx', 0o600))
  overwrite(file, 0, bytes)
}
