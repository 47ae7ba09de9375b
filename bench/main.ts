import { writeFileSync } from 'node:fs'
import { arch, cpus, platform } from 'node:os'
import { allToAll } from './all-to-all.ts'
import { asking } from './asking.ts'
import { budget } from './budget.ts'
import { crowd } from './crowd.ts'
import { faults } from './faults.ts'
import { fuzz } from './fuzz.ts'
import { gcBench } from './gc.ts'
import { kills } from './kills.ts'
import { leak } from './leak.ts'
import { toolCalls } from './mcp.ts'
import { mixedLoad } from './mixed.ts'
import { modelProxy } from './proxy.ts'
import { table, type Row } from './row.ts'
import { sendLatency, sends } from './sends.ts'
import { slowDisk } from './slow-disk.ts'
import { soak } from './soak.ts'
import { states } from './states.ts'
import { storeBench } from './store.ts'
import { wake } from './wake.ts'

/** `--json FILE` writes the figures as JSON too, `--only WORD` runs the parts whose name holds the word, `--full` kills 1,000 times,
 * runs a million random inputs and a team of a hundred for an hour (`--minutes N` for another time). */
const argv = process.argv.slice(2)
const only = value('--only')
const full = argv.includes('--full')

type Part = [name: string, run: () => Promise<Row[]>]

const parts: Part[] = [
  ['states', states],
  ['asking', asking],
  ['store', storeBench],
  ['sends', sends],
  ['latency', sendLatency],
  ['tools', toolCalls],
  ['proxy', modelProxy],
  ['all-to-all', allToAll],
  ['mixed', mixedLoad],
  ['wake', wake],
  ['slow-disk', slowDisk],
  ['gc', async () => await gcBench(full ? 1_000_000 : 20_000)],
  ['budget', budget],
  ['leak', leak],
  ['kills', async () => await kills(full ? 1000 : 20)],
  ['crowd', crowd],
]
const long: Part[] = [
  ['fuzz', fuzz],
  ['faults', faults],
  ['soak', async () => await soak(Number(value('--minutes') ?? 60))],
]
if (full) parts.push(...long)

const rows: Row[] = []
for (const [name, part] of parts) {
  if (only !== undefined && !name.includes(only)) continue
  process.stderr.write(`bench: ${name} …\n`)
  try {
    rows.push(...(await part()))
  } catch (error) {
    // The figures that were measured are shown all the same.
    process.stderr.write(`bench: ${name} failed: ${error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = 1
  }
}
process.stdout.write(`${table(rows)}\n`)
const file = value('--json')
if (file !== undefined) {
  const machine = { node: process.version, platform: platform(), arch: arch(), cpus: cpus().length }
  writeFileSync(file, `${JSON.stringify({ at: Date.now(), machine, rows }, null, 2)}\n`)
}

function value(flag: string): string | undefined {
  const at = argv.indexOf(flag)
  return at < 0 ? undefined : argv[at + 1]
}
