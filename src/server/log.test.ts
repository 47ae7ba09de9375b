import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openLog } from './log.ts'
import { testFolder } from '../../test/fixtures/folder.ts'

test('lines are on disk at once, private, and old ones make room', () => {
  const folder = testFolder('troupe-log-')
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

const noMount = process.getuid?.() === 0 && process.platform === 'linux' ? null : 'a small file system can be mounted only by root on Linux'
if (noMount !== null) console.log(`skipped: the log on a full disk: ${noMount}`)

test.skipIf(noMount !== null)('a full disk stops nobody who writes; what was lost is told once there is room', () => {
  const folder = testFolder('troupe-log-')
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'tmpfs', folder])
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder])
    rmSync(folder, { recursive: true })
  })
  const file = join(folder, 'daemon.log')
  const ballast = join(folder, 'ballast')
  const log = openLog(file)
  log.info('before')
  writeFileSync(ballast, Buffer.alloc(16_000))
  for (let n = 0; n < 100; n += 1) log.info({ n, fill: 'x'.repeat(1_000) }, 'a line')
  rmSync(ballast)
  log.info('after')
  const lines = readFileSync(file, 'utf8').trim().split('\n').map((line) => (line.endsWith('}') ? (JSON.parse(line) as { msg: string }).msg : 'cut off'))
  const kept = lines.filter((line) => line === 'a line').length
  expect(lines.at(0)).toBe('before')
  expect(lines.at(-2)).toBe(`${100 - kept} lines of this log are lost: ENOSPC: no space left on device, write`)
  expect(lines.at(-1)).toBe('after')
})
