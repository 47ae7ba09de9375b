import { bridgeLogMs, bridgeThread, type Bridge } from './bridge.ts'

/** What is known of one message when it is asked whether it may go. */
export interface Candidate {
  id: string
  n: number
  project: string
  threadId: string | null
  tainted: boolean
  /** Number of its files. */
  attached: number
  /** Some delivery is neither acknowledged nor dead, or a gateway has not sent it yet. */
  open: boolean
  /** ms */
  sentAt: number
}

/** What is over: messages sent before `before`, where nothing keeps them; `project` null: of all. */
export interface Retention {
  /** ms */
  before: number
  project: string | null
  /** Threads of bridges whose log is kept. */
  keptThreads: ReadonlySet<string>
  /** Number of the newest message of the team. */
  newest: number
}

/** How far back conversations are asked for what taints them, in messages: what they heard must not be forgotten before. */
const taintReach = 2_000

export function threadsOf(bridges: readonly Bridge[], now: number): Set<string> {
  return new Set(bridges.filter((bridge) => !isBridgeOver(bridge, now)).map(({ n }) => bridgeThread(n)))
}

/** Its log is no longer shown. */
export function isBridgeOver({ closedAt }: Pick<Bridge, 'closedAt'>, now: number): boolean {
  return closedAt !== null && closedAt + bridgeLogMs <= now
}

/** Never what somebody still has to acknowledge. */
export function isOver(message: Candidate, { before, project, keptThreads, newest }: Retention): boolean {
  if (message.open || message.sentAt >= before) return false
  if (project !== null && message.project !== project) return false
  if (message.threadId !== null && keptThreads.has(message.threadId)) return false
  return !(message.tainted && message.n > newest - taintReach)
}

/** What an agent CLI keeps for an agent of the team outside of its root. */
export interface Home {
  address: string
  /** ms */
  usedAt: number
  /** Cut short, it can be done again. */
  remove(): Promise<void>
}

/** Its agent left the team, and nothing was done there since `before`. `isKnown`: agents of the team, and those that are still to end. */
export function isHomeOver({ address, usedAt }: Pick<Home, 'address' | 'usedAt'>, { before, project }: Pick<Retention, 'before' | 'project'>, isKnown: (address: string) => boolean): boolean {
  return usedAt < before && (project === null || address.startsWith(`${project}:`)) && !isKnown(address)
}

/** Numbers that follow each other, as `[first, last]`: how the journal tells what was removed. */
export type Range = [first: number, last: number]

/** The type of the journal's line that tells which messages a transaction removed, in its `numbers`. */
export const removedType = 'gc.removed'

/** Of numbers in order. */
export function rangesOf(numbers: readonly number[]): Range[] {
  const ranges: Range[] = []
  for (const n of numbers) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === n - 1) last[1] = n
    else ranges.push([n, n])
  }
  return ranges
}

/** What such a line says; nothing of any other. */
export function removedBy({ type, data }: { type: string; data: Record<string, unknown> }): Range[] {
  const { numbers } = data
  return type === removedType && Array.isArray(numbers) ? (numbers as Range[]) : []
}

export function isWithin(n: number, ranges: readonly Range[]): boolean {
  return ranges.some(([first, last]) => first <= n && n <= last)
}
