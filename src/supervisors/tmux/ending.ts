import type { Clock } from '../../core/clock.ts'
import { TroupeError } from '../../core/error.ts'
import type { Observed, StopHow, StopRecord } from '../../core/supervisor.ts'
import { carriersOf, killTree, processOf, signalGroup, signalProcess, stillRuns, treeUnder, type Process } from '../../util/processes.ts'
import { until } from './until.ts'

/** What the ending of one incarnation needs of its terminal. */
export interface Ending {
  incarnation: string
  clock: Clock
  observe(): Promise<Observed | undefined>
  type(input: Exclude<StopHow['polite'], 'signal'>): Promise<void>
}

/** After a SIGTERM to the whole tree, ms. Programs that need longer were given it by `graceMs`. */
const termGrace = 1_500
/** After SIGKILL only the kernel is waited for (a process in uninterruptible sleep), ms. */
const killGrace = 5_000
/** Children that end by themselves once their terminal is gone get this long before they count as stragglers, ms. */
const hangupGrace = 150

/** Ends a process tree, politely first; its terminal stays. `graceMs` 0 kills at once. */
export async function end(how: StopHow, ending: Ending): Promise<StopRecord> {
  const began = ending.clock.elapsed()
  const seen = new Seen()
  const first = await ending.observe()
  const took = first?.state.alive === true ? await endProcess(first.pid, how, ending, seen) : 'already gone'
  const stragglers = await endStragglers(ending, seen)
  const last = await ending.observe()
  const status = last === undefined || last.state.alive ? { code: null, signal: null } : last.state
  return { took, ms: Math.round(ending.clock.elapsed() - began), code: status.code, signal: status.signal, stragglers }
}

async function endProcess(pid: number, how: StopHow, ending: Ending, seen: Seen): Promise<StopRecord['took']> {
  const root = await processOf(pid)
  if (root === undefined) return 'already gone'
  const gone = (ms: number) => until(ending.clock, ms, async () => (await ending.observe())?.state.alive !== true)
  seen.add(await treeUnder(root))
  if (how.graceMs > 0) {
    await bidFarewell(root, how, ending)
    if (await gone(how.graceMs)) return 'polite'
    seen.add(await killTree(root, 'SIGTERM'))
    if (await gone(termGrace)) return 'SIGTERM'
  }
  seen.add(await killTree(root, 'SIGKILL'))
  if (await gone(killGrace)) return 'SIGKILL'
  throw new TroupeError('failed', `process ${pid} outlived SIGKILL by ${killGrace / 1000} s`, {
    hint: 'it hangs in the kernel (a dead network disk?); stop it again later',
  })
}

async function bidFarewell(root: Process, how: StopHow, ending: Ending): Promise<void> {
  if (how.polite === 'signal') await signalGroup(root, 'SIGTERM')
  else await ending.type(how.polite).catch(async (error: unknown) => {
    if (await stillRuns(root)) throw error
  })
}

/** Ends what was below the process, or says that it belongs to its incarnation, and did not end with it. */
export async function endStragglers(ending: Pick<Ending, 'incarnation' | 'clock'>, seen = new Seen()): Promise<number[]> {
  const { clock } = ending
  const left = async () => {
    seen.add(await carriersOf(ending.incarnation))
    return await seen.running()
  }
  const none = async () => (await left()).length === 0
  if (await until(clock, hangupGrace, none)) return []
  const stragglers = await left()
  for (const each of stragglers) await signalProcess(each, 'SIGTERM')
  if (!(await until(clock, hangupGrace, none))) {
    await until(clock, killGrace, async () => {
      const survivors = await left()
      for (const each of survivors) await signalProcess(each, 'SIGKILL')
      return survivors.length === 0
    })
  }
  return stragglers.map(({ pid }) => pid)
}

/** Processes met on the way, each once, by pid and start. */
class Seen {
  readonly #processes = new Map<string, Process>()

  add(processes: readonly Process[]): void {
    for (const each of processes) this.#processes.set(`${each.pid} ${each.started}`, each)
  }

  async running(): Promise<Process[]> {
    const found: Process[] = []
    for (const each of this.#processes.values()) if (await stillRuns(each)) found.push(each)
    return found
  }
}
