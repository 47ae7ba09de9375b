import { emptyNode } from './asking.ts'
import { cpuMs, residentMb } from './process.ts'
import { percentile, type Row } from './row.ts'
import { BenchTeam } from './team.ts'

interface Stopped {
  stopped: { agent: string; took: string; ms: number }[]
}

/** Ten and a hundred agents: up, what asking costs, what the daemon costs, and how fast all is quiet. */
export async function crowd(): Promise<Row[]> {
  return [...(await ten()), ...(await fifty()), ...(await hundred())]
}

async function ten(): Promise<Row[]> {
  const team = new BenchTeam(10)
  try {
    const up = await team.time('up')
    return [{ figure: 'up of 10 scripted agents to ready', value: up / 1000, unit: 's', hold: '< 3', beside: '' }]
  } finally {
    await team.end()
  }
}

async function fifty(): Promise<Row[]> {
  const team = new BenchTeam(50)
  try {
    await team.troupe('up')
    const { stopped } = await team.json<Stopped>('down')
    const hard = stopped.filter(({ took }) => took === 'SIGKILL').length
    const value = percentile(stopped.map(({ ms }) => ms), 95)
    return [{ figure: 'stop to quiet p95, 50 agents', value: value / 1000, unit: 's', hold: '< 2', beside: `${hard} of ${stopped.length} had to be killed` }]
  } finally {
    await team.end()
  }
}

async function hundred(): Promise<Row[]> {
  const team = new BenchTeam(100)
  try {
    const up = await team.time('up')
    const { pid } = await team.json<{ pid: number }>('daemon', 'status')
    const empty: number[] = []
    const ps: number[] = []
    for (let n = 0; n < 15; n++) {
      empty.push(await emptyNode())
      ps.push(await team.time('ps'))
    }
    await new Promise((resolve) => setTimeout(resolve, 10_000))
    const before = cpuMs(pid)
    const seconds = 20
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    const cpu = (cpuMs(pid) - before) / (seconds * 10)
    const ratio = percentile(ps, 50) / percentile(empty, 50)
    return [
      { figure: 'up of 100 scripted agents to ready', value: up / 1000, unit: 's', hold: '< 15', beside: '' },
      {
        figure: 'ps at 100 agents, whole process',
        value: ratio,
        unit: '× empty Node',
        hold: '≤ 2',
        beside: `${percentile(ps, 50).toFixed(0)} ms against ${percentile(empty, 50).toFixed(0)} ms`,
      },
      { figure: 'daemon memory, 100 agents, settled', value: residentMb(pid), unit: 'MB', hold: '< 250', beside: '150 MB + 1 MB an agent' },
      { figure: 'idle CPU of the daemon, 100 agents', value: cpu, unit: '% of a core', hold: '< 1', beside: `over ${seconds} s` },
    ]
  } finally {
    await team.end()
  }
}
