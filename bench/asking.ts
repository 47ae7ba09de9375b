import { run } from '../src/util/spawn.ts'
import { percentile, skipped, type Row } from './row.ts'
import { BenchTeam } from './team.ts'

const rounds = 15
/** ms of agentic-team's `team status` on a like machine, by the number of workers; its empty program took 51 (Python with its packages). */
const theirs: [workers: number, ms: number][] = [[1, 84], [10, 143], [50, 388]]
const theirEmpty = 51

/** What a question about the team costs as a whole process, at as many workers as agentic-team was measured with. */
export async function asking(): Promise<Row[]> {
  const rows: Row[] = []
  for (const [workers, ms] of theirs) rows.push(...(await ask(workers, ms)))
  return rows
}

async function ask(workers: number, ms: number): Promise<Row[]> {
  const team = new BenchTeam(workers)
  try {
    await team.troupe('up')
    const canWait = (await team.troupe('help')).includes('\n  wait')
    const commands = ['ps', ...(canWait ? ['wait'] : [])]
    const times = new Map<string, number[]>([['empty', []], ...commands.map((command): [string, number[]] => [command, []])])
    for (let n = 0; n < rounds; n++) {
      times.get('empty')?.push(await emptyNode())
      for (const command of commands) times.get(command)?.push(await team.time(command))
    }
    const median = (what: string) => percentile(times.get(what) ?? [], 50)
    const beside = `agentic-team ${(ms / theirEmpty).toFixed(1)} × its own empty program (${ms} against ${theirEmpty} ms)`
    const rows = commands.map((command): Row => ({
      figure: figure(command, workers),
      value: median(command) / median('empty'),
      unit: '× empty Node',
      hold: '≤ 2',
      beside: `${median(command).toFixed(0)} against ${median('empty').toFixed(0)} ms; ${beside}`,
    }))
    return canWait ? rows : [...rows, skipped(figure('wait', workers), '≤ 2', 'this version has no wait')]
  } finally {
    await team.end()
  }
}

function figure(command: string, workers: number): string {
  return `${command} at ${workers} ${workers === 1 ? 'worker' : 'workers'}, whole process`
}

/** The same as a whole process: Node, and nothing to do. */
export async function emptyNode(): Promise<number> {
  const begun = performance.now()
  await run([process.execPath, '-e', ''], {})
  return performance.now() - begun
}
