import { existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { setAside } from './import.ts'

it('a mailbox of teamctl stays one until all of it is aside, wherever that is cut short', () => {
  for (const steps of [0, 1, 2]) {
    const folder = mkdtempSync(join(tmpdir(), 'aside-'))
    const [file, aside] = [join(folder, 'mailbox.db'), join(folder, 'mailbox.teamctl.db')]
    for (const end of ['', '-wal', '-shm']) writeFileSync(`${file}${end}`, `theirs${end}`)
    let left = steps
    const killed = (from: string, to: string): void => {
      if (left-- === 0) throw new Error('killed')
      renameSync(from, to)
    }
    expect(() => setAside(file, aside, killed as typeof renameSync)).toThrow('killed')
    // So no daemon begins there, and the next import knows what to do.
    expect([existsSync(file), existsSync(aside)]).toEqual([true, false])
    setAside(file, aside)
    expect(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])).toEqual([['mailbox.teamctl.db', 'theirs'], ['mailbox.teamctl.db-shm', 'theirs-shm'], ['mailbox.teamctl.db-wal', 'theirs-wal']])
    rmSync(folder, { recursive: true })
  }
})
