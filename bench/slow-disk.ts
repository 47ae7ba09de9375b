import { spawnSync } from 'node:child_process'
import { percentile, skipped, type Row } from './row.ts'
import { agentName, BenchTeam } from './team.ts'

const figure = 'durable send p99, every fsync delayed 20 ms, 10 at work'
const hold = '< 60'
const agents = 10
const each = 60

/** Ten senders, each one message after the other, to ten agents that take their mail, on a disk that `strace` makes slow. */
export async function slowDisk(): Promise<Row[]> {
  if (spawnSync('strace', ['-V']).status !== 0) return [skipped(figure, hold, 'there is no strace (apt-get install strace)')]
  const team = new BenchTeam(agents)
  try {
    // Everything but the two calls runs at full speed, which needs strace from the process's beginning.
    await team.startDaemon(['strace', '--seccomp-bpf', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:delay_exit=20000'])
    await team.troupe('up')
    const times = (await Promise.all(Array.from({ length: agents }, (_, index) => timed(team, index)))).flat()
    const worst = Math.max(...times).toFixed(0)
    const beside = `p50 ${percentile(times, 50).toFixed(0)} ms, worst ${worst} ms of ${times.length}; a commit under way and one's own are 40`
    return [{ figure, value: percentile(times, 99), unit: 'ms', hold, beside }]
  } finally {
    await team.end()
  }
}

async function timed(team: BenchTeam, index: number): Promise<number[]> {
  const client = await team.client()
  const times: number[] = []
  for (let n = 0; n < each; n++) {
    const begun = performance.now()
    await client.call('send', { to: agentName(index), text: `message ${n}` })
    times.push(performance.now() - begun)
  }
  client.close()
  return times
}
