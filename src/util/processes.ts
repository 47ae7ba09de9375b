import { readFileSync, readdirSync } from 'node:fs'
import { shared } from './shared.ts'
import { run } from './spawn.ts'

/** One process. `started` is the kernel's own mark, equal only for the same process: it tells a reused pid apart. */
export interface Process {
  pid: number
  parent: number
  group: number
  started: string
  /** Dead, but not yet waited for. */
  zombie: boolean
}

/**
 * Every process that can be seen now. Linux reads /proc, everything else asks `ps`. Callers of the same moment
 * share one look, which begins after the last of them asked.
 */
const processTable = shared(async (): Promise<ReadonlyMap<number, Process>> => {
  const found = process.platform === 'linux' ? fromProc() : await fromPs()
  return new Map(found.map((each) => [each.pid, each]))
})

export async function processOf(pid: number): Promise<Process | undefined> {
  return process.platform === 'linux' ? readProc(pid) : (await processTable()).get(pid)
}

/** `root` and everything below it, parents before children. Empty where `root` is gone. */
function treeOf(root: number, table: ReadonlyMap<number, Process>): Process[] {
  const children = new Map<number, Process[]>()
  for (const each of table.values()) children.set(each.parent, [...(children.get(each.parent) ?? []), each])
  const top = table.get(root)
  const tree = top === undefined ? [] : [top]
  for (let at = 0; at < tree.length; at++) {
    for (const child of children.get((tree[at] as Process).pid) ?? []) if (child.pid !== root) tree.push(child)
  }
  return tree
}

/**
 * Processes that carry `TROUPE_INCARNATION=<incarnation>` in the environment they were started with. This
 * process and its ancestors are never among them: a daemon started from an agent's shell must not end itself.
 * Where an environment cannot be read (another user's, a process that wiped it), the process is not found.
 */
export async function carriersOf(incarnation: string): Promise<Process[]> {
  return (await carriers()).get(incarnation) ?? []
}

const carriers = shared(async (): Promise<ReadonlyMap<string, Process[]>> => {
  const table = await processTable()
  const own = ancestorsOf(process.pid, table)
  const carried = process.platform === 'linux' ? carriedInProc : await carriedInPs()
  const found = new Map<string, Process[]>()
  for (const each of table.values()) {
    const incarnation = each.zombie || own.has(each.pid) ? undefined : carried(each.pid)
    if (incarnation !== undefined) found.set(incarnation, [...(found.get(incarnation) ?? []), each])
  }
  return found
})

/** What this process and those above it carry as `TROUPE_INCARNATION`, nearest first. Empty where it is gone. */
export async function carriedAbove(pid: number): Promise<string[]> {
  const table = process.platform === 'linux' ? null : await processTable()
  const carried = table === null ? carriedInProc : await carriedInPs()
  const found: string[] = []
  const seen = new Set<number>()
  for (let at = table?.get(pid) ?? readProc(pid); at !== undefined && at.pid > 1 && !seen.has(at.pid); at = table === null ? readProc(at.parent) : table.get(at.parent)) {
    seen.add(at.pid)
    const incarnation = carried(at.pid)
    if (incarnation !== undefined) found.push(incarnation)
  }
  return found
}

/** Those of these whose parent has died: they hang on one of our own ancestors now (init, or who stands in for it). */
export async function leftBehind(pids: readonly number[]): Promise<Process[]> {
  const table = await processTable()
  const above = ancestorsOf(process.pid, table)
  above.delete(process.pid)
  return pids.flatMap((pid) => table.get(pid) ?? []).filter(({ parent }) => parent <= 1 || above.has(parent))
}

/** Runs still, and is the very process that was seen before. */
export async function stillRuns(seen: Process): Promise<boolean> {
  const now = await processOf(seen.pid)
  return now !== undefined && now.started === seen.started && !now.zombie
}

/** Sends a signal to one process if it is still the one that was seen. False where it was gone or is not ours. */
export async function signalProcess(seen: Process, signal: NodeJS.Signals): Promise<boolean> {
  if (seen.pid <= 1 || seen.pid === process.pid || !(await stillRuns(seen))) return false
  return send(seen.pid, signal)
}

/** The same for the process group that it leads. */
export async function signalGroup(leader: Process, signal: NodeJS.Signals): Promise<boolean> {
  if (leader.pid <= 1 || leader.group !== leader.pid || !(await stillRuns(leader))) return await signalProcess(leader, signal)
  return send(-leader.pid, signal)
}

/**
 * Signals a process, its group where it leads one, and everything below it; where this process is among them, not
 * it and not what is below it. Returns whom it meant. Empty where the process is gone.
 */
export async function killTree(root: Process, signal: NodeJS.Signals): Promise<Process[]> {
  const tree = await treeUnder(root)
  if (tree.length > 0) await signalGroup(root, signal)
  for (const each of tree) send(each.pid, signal)
  return tree
}

/** What `killTree` would reach. */
export async function treeUnder(root: Process): Promise<Process[]> {
  const table = await processTable()
  if (table.get(root.pid)?.started !== root.started) return []
  const tree = treeOf(root.pid, table).filter(({ zombie }) => !zombie)
  if (!tree.some(({ pid }) => pid === process.pid)) return tree
  const own = new Set(treeOf(process.pid, table).map(({ pid }) => pid))
  return tree.filter(({ pid }) => !own.has(pid))
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false // gone, or another user's: the caller looks again anyway
  }
}

function ancestorsOf(pid: number, table: ReadonlyMap<number, Process>): Set<number> {
  const found = new Set<number>()
  for (let at = table.get(pid); at !== undefined && !found.has(at.pid); at = table.get(at.parent)) found.add(at.pid)
  return found
}

function fromProc(): Process[] {
  return readdirSync('/proc').flatMap((name) => {
    const found = /^\d+$/.test(name) ? readProc(Number(name)) : undefined
    return found === undefined ? [] : [found]
  })
}

function readProc(pid: number): Process | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`)
  // proc(5): the name in brackets may hold anything, so count from the last bracket: state ppid pgrp … starttime (22nd field)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, parent, group] = fields
  const started = fields[19]
  if (state === undefined || started === undefined) return undefined
  return { pid, parent: Number(parent), group: Number(group), started, zombie: state === 'Z' || state === 'X' }
}

function carriedInProc(pid: number): string | undefined {
  return /(?:^|\0)TROUPE_INCARNATION=([^\0]*)/.exec(readIfThere(`/proc/${pid}/environ`))?.[1]
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // gone meanwhile, or not ours to read
  }
}

async function fromPs(): Promise<Process[]> {
  const { stdout } = await run(['ps', '-A', '-o', 'pid=,ppid=,pgid=,stat=,lstart='], { timeoutMs: 10_000, outputBytes: 16 * 1024 * 1024 })
  return stdout.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line)
    if (match === null) return []
    const [, pid, parent, group, state, started] = match as unknown as [string, string, string, string, string, string]
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), started, zombie: state.startsWith('Z') }]
  })
}

/** `ps -E` shows the environment behind the command line (macOS, own processes only). */
async function carriedInPs(): Promise<(pid: number) => string | undefined> {
  const { stdout } = await run(['ps', '-A', '-E', '-ww', '-o', 'pid=,command='], { timeoutMs: 10_000, outputBytes: 64 * 1024 * 1024 })
  const found = new Map<number, string>()
  for (const line of stdout.split('\n')) {
    const [, incarnation] = / TROUPE_INCARNATION=(\S*)/.exec(line) ?? []
    if (incarnation !== undefined) found.set(Number.parseInt(line, 10), incarnation)
  }
  return (pid) => found.get(pid)
}
