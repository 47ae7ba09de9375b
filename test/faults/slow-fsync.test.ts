import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { connect } from '../../src/client/connect.ts'
import { teamPaths } from '../../src/config/paths.ts'
import { TroupeError } from '../../src/core/error.ts'
import { dist, kill, patiently, team, Troupe } from '../e2e/troupe.ts'
import { ownDaemon } from './own-daemon.ts'

const whyNot = spawnSync('strace', ['-V']).status === 0 ? null : 'there is no strace (apt-get install strace)'
if (whyNot !== null && process.env['CI']) throw new Error(whyNot)
if (whyNot !== null) console.log(`skipped: ${whyNot}`)

const rounds = 3

describe.skipIf(whyNot !== null)('a disk that takes 20 ms for each sync', () => {
  it('is waited for before anything is acknowledged, and kill -9 meanwhile loses nothing', async () => {
    const troupe = new Troupe(team({ a: {} }))
    const acknowledged = new Map<string, string>()
    for (let round = 0; round < rounds; round++) {
      const trace = join(troupe.folder, `trace.${round}`)
      const inject = ['-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:delay_exit=20000']
      await ownDaemon(troupe, ['strace', '--seccomp-bpf', '-f', '-qq', '-ttt', '-o', trace, ...inject, process.execPath, join(dist, 'daemon.js')])
      if (round === 0) await troupe.ok('up')
      const before = syncs(trace)
      await sendUntilKilled(troupe, acknowledged, 40)
      // Eight senders share each sync.
      expect(syncs(trace) - before).toBeGreaterThanOrEqual(40 / 8)
    }
    const mail = await troupe.mail()
    const texts = new Map(mail.map(({ id, text }) => [id, text]))
    expect([...acknowledged].filter(([id, text]) => texts.get(id) !== text)).toEqual([])
    expect(new Set(mail.map(({ text }) => text)).size).toBe(mail.length)
    await troupe.ok('audit', 'verify')
  }, 300_000)
})

/** Eight senders without a pause; the daemon is killed once so many were acknowledged. */
async function sendUntilKilled(troupe: Troupe, acknowledged: Map<string, string>, count: number): Promise<void> {
  const client = await connect({ socket: teamPaths(troupe.root).operatorSocket })
  const { pid } = client.daemon
  const enough = acknowledged.size + count
  const sender = async (): Promise<void> => {
    for (;;) {
      const text = randomUUID()
      acknowledged.set((await client.call('send', { to: 'a', text })).id, text)
    }
  }
  const senders = Array.from({ length: 8 }, () => sender().catch((error: unknown) => error))
  await vi.waitFor(() => expect(acknowledged.size).toBeGreaterThan(enough), { ...patiently, interval: 5 })
  kill(pid)
  for (const end of await Promise.all(senders)) expect(end).toBeInstanceOf(TroupeError)
  client.close()
}

function syncs(trace: string): number {
  return readFileSync(trace, 'utf8').split('\n').filter((line) => /f(data)?sync\(|<... f(data)?sync resumed/.test(line) && line.includes('= 0')).length
}
