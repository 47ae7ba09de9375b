import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLog } from './log.ts'

test('lines are on disk at once, private, and old ones make room', () => {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-log-'))
  const file = join(folder, 'daemon.log')
  const log = openLog(file, { bytes: 1000, files: 3 })
  for (let n = 1; n <= 100; n += 1) log.info({ n }, 'a line')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder).toSorted()).toEqual(['daemon.log', 'daemon.log.1', 'daemon.log.2'])
  const kept = ['.2', '.1', ''].flatMap((end) => readFileSync(`${file}${end}`, 'utf8').trim().split('\n')).map((line) => (JSON.parse(line) as { n: number }).n)
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => 101 - kept.length + i))
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(1000)
  openLog(file, { bytes: 1000, files: 3 }).info('after a restart')
  expect(readFileSync(file, 'utf8')).toContain('after a restart')
})
