import type { Verdict } from './done.ts'
import type { Sender } from './message.ts'
import type { Evidence } from './phase.ts'
import type { Address, Mode } from './team.ts'

/** Work for one worker: a row of its own, so that it outlives processes, daemons and the worker itself. */
export interface Task {
  /** UUIDv7. */
  id: string
  /** Small integer, unique in the team. */
  n: number
  /** The maker's own key, such as `TODO.md:3f2a…`: the same key is the same task. */
  key: string | null
  project: string
  /** One line for people. */
  title: string
  /** What the worker is told, word for word. */
  text: string
  source: 'cli' | 'file' | 'lead'
  /** Who made it: `user`, or the address of a lead. Its words count for as much as that one's. */
  by: Sender
  /** Where it stands, such as `TODO.md:12`; null where that is nowhere. */
  origin: string | null
  /** Ids of the tasks that must be done before it. */
  after: string[]
  wish: Wish
  /** Who does it: reserved from the beginning where it will be made for the task. */
  agent: Address | null
  /** The message that carries it; null before it is sent, and for one-shot workers, which are started with it. */
  message: string | null
  /** How often it was begun: 1 for the first time, 0 before. */
  attempts: number
  state: TaskState
  /** The worker's last words on it, or what it said by its tool. */
  result: string | null
  /** What was seen of it, oldest first, kept short. */
  evidence: Evidence[]
  /** What of others' words its text may hold, see `Message.taint`. */
  taint: string[]
  createdAt: number
  changedAt: number
  /** The worker has it before it, ms. */
  startedAt: number | null
  endedAt: number | null
}

/** What the maker asked for; null: as the team usually does it. */
export interface Wish {
  /** A worker that is there already; null: one is made. */
  agent: Address | null
  name: string | null
  runtime: string | null
  model: string | null
  effort: string | null
  mode: Mode | null
  /** Absolute. */
  cwd: string | null
  worktree: boolean | null
  /** A conversation that exists, for a new worker to go on with. */
  session: string | null
}

export const noWish: Wish = { agent: null, name: null, runtime: null, model: null, effort: null, mode: null, cwd: null, worktree: null, session: null }

/** `certain`: the worker itself, or its process, said so. `high`: a signal made for it. `low`: read off a screen, or silence. */
export type Confidence = 'certain' | 'high' | 'low'

export type TaskState =
  /** `held`: it cannot come to its turn by itself: what it waits for has failed. */
  | { name: 'queued'; why: string; held: boolean }
  /** It has its worker, which has not got it before it yet. */
  | { name: 'assigned' }
  | { name: 'working' }
  /** `person`: it goes on only when somebody does something. */
  | { name: 'waiting'; what: string; person: boolean }
  | { name: 'done'; source: string; confidence: Confidence }
  | { name: 'failed'; why: string; source: string; confidence: Confidence }
  | { name: 'cancelled'; why: string }

export type TaskStateName = TaskState['name']

export const openStates = ['queued', 'assigned', 'working', 'waiting'] as const satisfies readonly TaskStateName[]

/** Something is still to come of it. */
export function isOpenTask({ state }: Pick<Task, 'state'>): boolean {
  return openStates.some((name) => name === state.name)
}

/** It takes a worker's place. */
export function isAtWork({ state }: Pick<Task, 'state'>): boolean {
  return state.name === 'assigned' || state.name === 'working' || state.name === 'waiting'
}

/** The signal of a verdict on the team's own files: they are in the way of its beginning. */
export const filesSignal = 'files'

/** It has its worker, which cannot be told of it before somebody mends the files. */
export function isHeldUp({ state, evidence }: Pick<Task, 'state' | 'evidence'>): boolean {
  return state.name === 'waiting' && evidence.at(-1)?.source === filesSignal
}

/** The signal of a turn that a person cut short: its end says nothing of the task. */
export const interruptSignal = 'interrupt'

/** Its worker was stopped in the middle of a turn, and nobody has told it to go on since. */
export function isInterrupted({ state, evidence }: Pick<Task, 'state' | 'evidence'>): boolean {
  return state.name === 'waiting' && evidence.at(-1)?.source === interruptSignal
}

export type TaskTurn =
  | { type: 'queue'; why: string; held: boolean }
  | { type: 'assign'; agent: Address }
  /** What was in the way of its beginning is gone. */
  | { type: 'begin' }
  | { type: 'sent'; message: string }
  | { type: 'verdict'; verdict: Verdict }
  | { type: 'words'; text: string }
  | { type: 'cancel'; why: string }
  /** Once more from the beginning. `agent`: by another new worker than before. */
  | { type: 'again'; agent?: Address }

/** The state after it, or null where it changes nothing. What is certain is never taken back, and what is cancelled stays so. */
export function turnTask(task: Task, event: TaskTurn, now: number): Task | null {
  const { state } = task
  switch (event.type) {
    case 'queue':
      return state.name === 'queued' ? entered(task, { name: 'queued', why: event.why, held: event.held }, now) : null
    case 'assign':
      if (state.name !== 'queued') return null
      return { ...task, state: { name: 'assigned' }, agent: event.agent, attempts: task.attempts + 1, message: null, startedAt: null, endedAt: null, changedAt: now }
    case 'begin':
      return isHeldUp(task) ? { ...task, state: { name: 'assigned' }, changedAt: now } : null
    case 'sent':
      return isAtWork(task) && task.message !== event.message ? { ...task, message: event.message, changedAt: now } : null
    case 'words':
      return state.name === 'cancelled' || task.result === event.text ? null : { ...task, result: event.text, changedAt: now }
    case 'cancel':
      return isOpenTask(task) ? entered(task, { name: 'cancelled', why: event.why }, now) : null
    case 'again':
      if (isOpenTask(task)) return null
      return { ...task, agent: event.agent ?? task.agent, state: { name: 'queued', why: 'asked for again', held: false }, result: null, message: null, startedAt: null, endedAt: null, changedAt: now }
    case 'verdict':
      return judged(task, event.verdict, now)
  }
}

function judged(task: Task, verdict: Verdict, now: number): Task | null {
  const { state } = task
  if (state.name === 'queued' || state.name === 'cancelled') return null
  if ((state.name === 'done' || state.name === 'failed') && (state.confidence === 'certain' || !overrules(verdict))) return null
  const after = entered(task, stateOf(verdict, state), now)
  if (after === null) return null
  const started = verdict.state === 'working' ? (task.startedAt ?? verdict.since) : task.startedAt
  const seen = [...task.evidence, { at: verdict.since, what: verdict.what, source: verdict.source }].slice(-evidenceKept)
  return { ...after, startedAt: started, evidence: seen }
}

/** Lines of evidence that stay with a task. */
const evidenceKept = 12

/** A worker that goes on after it seemed to be done is not done; and the worker itself knows better. */
function overrules(verdict: Verdict): boolean {
  return verdict.state === 'working' || (verdict.source === 'tool' && verdict.confidence === 'certain')
}

function stateOf(verdict: Verdict, before: TaskState): TaskState {
  const { what, source, confidence } = verdict
  switch (verdict.state) {
    case 'unknown':
      return before
    case 'working':
      return { name: 'working' }
    case 'waiting':
      return { name: 'waiting', what, person: verdict.person }
    case 'done':
      return { name: 'done', source, confidence }
    case 'failed':
      return { name: 'failed', why: what, source, confidence }
  }
}

function entered(task: Task, state: TaskState, now: number): Task | null {
  if (JSON.stringify(state) === JSON.stringify(task.state)) return null
  const open = isOpenTask({ state })
  return { ...task, state, changedAt: now, endedAt: open ? null : now }
}

/** A few words for a table cell. */
export function taskDetail({ state }: Pick<Task, 'state'>): string {
  switch (state.name) {
    case 'queued':
      return state.why
    case 'waiting':
      return state.what
    case 'failed':
    case 'cancelled':
      return state.why
    default:
      return ''
  }
}

/** The first words of a text, on one line. */
export function titleOf(text: string): string {
  const line = text.split('\n').map((each) => each.trim()).find((each) => each !== '') ?? ''
  const title = line.replaceAll(/\p{C}+/gu, ' ').replaceAll(/\s+/g, ' ').trim()
  return [...title].length > titleLength ? `${[...title].slice(0, titleLength - 1).join('')}…` : title
}

const titleLength = 80

const reference = 'troupe:task '

/** Longest text of a task in the team's files, bytes of UTF-8. */
const longestInFile = 4096

/** What stands in the team's files for a one-shot worker: its text, or where that is long, which task it is of. */
export function taskInFile(id: string, text: string): string {
  return Buffer.byteLength(text) > longestInFile || text.startsWith(reference) ? `${reference}${id}` : text
}

/** Id of the task that the team's files name instead of its text. */
export function referredTask(inFile: string): string | null {
  return inFile.startsWith(reference) ? inFile.slice(reference.length).trim() : null
}
