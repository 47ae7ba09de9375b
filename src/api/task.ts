import { z } from 'zod'
import { operation } from './operation.ts'

/** Workers and their tasks. Times are ms since the epoch; a task is named by its number, its UUID or its key. */

const state = z.enum(['queued', 'assigned', 'working', 'waiting', 'done', 'failed', 'cancelled'])

export const taskRow = z.object({
  id: z.string(),
  n: z.int(),
  key: z.string().nullable(),
  project: z.string(),
  title: z.string(),
  source: z.enum(['cli', 'file', 'lead']),
  by: z.string().describe('user, or the address of the lead that made it'),
  origin: z.string().nullable().describe('FILE:LINE where it stands, if it does'),
  after: z.array(z.int()).describe('Numbers of the tasks that come before it'),
  agent: z.string().nullable().describe('Address of its worker, also of one that is still to be made'),
  state,
  detail: z.string().describe('Why it is in this state, in a few words; empty where that is plain'),
  /** Queued, and cannot come to its turn by itself. */
  held: z.boolean(),
  /** Waiting, and only a person can help. */
  person: z.boolean(),
  signal: z.string().nullable().describe('The signal that says it is done or failed: tool, process, hook, protocol, screen'),
  confidence: z.enum(['certain', 'high', 'low']).nullable(),
  attempts: z.int(),
  result: z.string().nullable().describe('The worker’s last words on it, up to 2 KiB; task.show has all of it'),
  createdAt: z.number(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
})
export type TaskRow = z.infer<typeof taskRow>

const text = z.string().min(1, 'the task is empty')
const name = z.string().max(500)

/** What may be said about the worker that does it; left out, as the team usually does it. */
export const wish = z.object({
  name: z.string().max(200).optional().describe('Name of the new worker; left out, made from the words of the task'),
  runtime: z.string().max(200).optional(),
  model: z.string().max(200).optional(),
  effort: z.string().max(50).optional(),
  mode: z.string().max(50).optional().describe('terminal, protocol or oneshot'),
  cwd: z.string().max(4096).optional().describe('Absolute, or relative to the working folder of the project'),
})

const draft = wish.extend({
  task: text.describe('What is to be done, word for word'),
  title: z.string().max(500).optional(),
  key: z.string().min(1).max(300).optional().describe('Your own key: the same key is the same task'),
  origin: z.string().max(4096).optional(),
  after: z.array(z.string().max(300)).max(5000).default([]).describe('Numbers, UUIDs or keys of tasks that must be done before; keys of the same call too'),
  agent: name.optional().describe('A worker that is there already; then nothing may be said about a new one'),
  project: z.string().max(200).optional(),
  worktree: z.boolean().optional().describe('A git worktree of its own; left out, as supervisor.worktree_isolation says'),
  resumeSession: z.string().min(1).max(200).optional().describe('Id of a conversation of its agent CLI that exists, which the new worker goes on with; it gets no worktree then'),
})

const worker = z.object({ agent: z.string(), phase: z.string(), detail: z.string(), runtime: z.string(), spawned: z.boolean(), task: taskRow.nullable() })
export type WorkerRow = z.infer<typeof worker>

const outcome = z.object({
  done: z.array(taskRow),
  failed: z.array(taskRow),
  waiting: z.array(taskRow).describe('Only a person can help'),
  /** Still to come; absent lists of an older daemon are empty. */
  open: z.array(taskRow),
  cancelled: z.array(taskRow),
  timedOut: z.boolean(),
})

export const tasks = {
  'task.add': operation({
    about: 'Make tasks, all of them or, where one cannot be, none. Each gets a worker as soon as what comes before it is done and the limit of workers leaves room. Returns once they are durable.',
    who: ['operator'],
    input: z.object({
      tasks: z.array(draft).min(1).max(1000),
      source: z.enum(['cli', 'file']).default('cli'),
      dryRun: z.boolean().default(false).describe('Check everything and change nothing; numbers are 0 then'),
      env: z.record(z.string(), z.string()).default({}).describe('Values of the environment variables that new workers may get; kept in memory only'),
    }),
    output: z.object({ tasks: z.array(taskRow.extend({ again: z.boolean().describe('It was there already, under its key') })) }),
  }),
  'task.list': operation({
    about: 'Tasks, newest first.',
    who: ['operator'],
    input: z.object({ agent: name.optional(), keys: z.array(z.string()).max(1000).optional().describe('Only those with these keys'), limit: z.int().min(1).max(1000).default(200) }),
    output: z.array(taskRow),
  }),
  'task.show': operation({
    about: 'One task in full: its text, its result, what shows how far it is.',
    who: ['operator'],
    input: z.object({ id: z.string() }),
    output: taskRow.extend({ text: z.string(), evidence: z.array(z.object({ at: z.number(), what: z.string(), source: z.string() })), message: z.string().nullable() }),
  }),
  'task.cancel': operation({
    about: 'Take a task back. A worker that has it before it is stopped.',
    who: ['operator'],
    input: z.object({ id: z.string() }),
    output: taskRow,
  }),
  'task.again': operation({
    about: 'Begin a task that has ended once more, with the same worker if it is still there.',
    who: ['operator'],
    input: z.object({ id: z.string() }),
    output: taskRow,
  }),
  spawn: operation({
    about: 'Make a worker for a task: it is added to the team’s own files, started, and given the task. Beyond max_workers the task waits for its turn.',
    who: ['operator'],
    input: draft.omit({ agent: true }).extend({
      env: z.record(z.string(), z.string()).default({}).describe('Values of the environment variables that new workers may get; kept in memory only'),
      timeoutMs: z.int().min(0).default(120_000).describe('How long to wait until it is ready'),
    }),
    output: z.object({ agent: z.string(), task: taskRow, troubles: z.array(z.object({ agent: z.string(), why: z.string(), fix: z.string() })), notices: z.array(z.string()) }),
  }),
  resume: operation({
    about: 'Further work for a worker: a task of its own. One that is idle gets it as a message, a one-shot that has ended is started again with its conversation.',
    who: ['operator'],
    input: z.object({ agent: name, task: text }),
    output: z.object({ agent: z.string(), task: taskRow }),
  }),
  clear: operation({
    about: 'Take out workers that were spawned and are done: they are stopped and leave the team’s files. Nobody else is touched.',
    who: ['operator'],
    input: z.object({ failed: z.boolean().default(false).describe('Those that failed too') }),
    output: z.object({ cleared: z.array(z.string()), kept: z.array(z.object({ agent: z.string(), why: z.string() })) }),
  }),
  wait: operation({
    about: 'Wait for tasks to end, or for something about them to change. One call waits in the daemon; it is asked again with what it answered.',
    who: ['operator'],
    input: z.object({
      names: z.array(name).default([]).describe('Workers, or tasks by number; none means all workers'),
      any: z.boolean().default(false).describe('One that has ended is enough'),
      attention: z.boolean().default(false).describe('One that waits for a person is enough'),
      timeoutMs: z.int().min(0).default(600_000),
      seen: z.string().optional().describe('The cursor of the last answer: returns when something is different'),
      since: z.number().optional().describe('When the waiting began: what has ended since counts too, and of what was cancelled nothing else does, where none is named'),
    }),
    output: outcome.extend({ over: z.boolean().describe('What was waited for has come, or the time is over'), cursor: z.string() }),
  }),
  spawn_worker: operation({
    about: 'Make a worker of your own for one task. It reports to you, works by itself, and you get a message when it has ended. Beyond the limit of workers the task waits for its turn.',
    who: ['agent'],
    tool: { readOnly: false, for: 'lead' },
    input: wish.extend({ task: text.describe('Everything the worker must know: it sees nothing of your conversation'), after: z.array(z.int()).max(100).optional().describe('Numbers of tasks that must be done before'), key: z.string().min(1).max(200).optional() }),
    output: z.object({ agent: z.string(), task: z.int(), state, detail: z.string() }),
  }),
  workers: operation({
    about: 'The workers that report to you, what each of them does, and how far its task is.',
    who: ['agent'],
    tool: { readOnly: true, for: 'lead' },
    input: z.object({}),
    output: z.object({ workers: z.array(worker), queued: z.array(taskRow) }),
  }),
  task_result: operation({
    about: 'What came of a task that you gave to a worker: its state, and the worker’s last words on it.',
    who: ['agent'],
    tool: { readOnly: true, for: 'lead' },
    input: z.object({ task: z.int() }),
    output: z.object({ task: z.int(), agent: z.string().nullable(), state, detail: z.string(), result: z.string().nullable() }),
  }),
  stop_worker: operation({
    about: 'Stop a worker that you made. Its task is cancelled.',
    who: ['agent'],
    tool: { readOnly: false, for: 'lead' },
    input: z.object({ agent: name }),
    output: z.object({ agent: z.string(), cancelled: z.array(z.int()) }),
  }),
  task_done: operation({
    about: 'Say that your task is done, with its result for whoever gave it to you.',
    who: ['agent'],
    tool: { readOnly: false, for: 'worker' },
    input: z.object({ result: z.string().max(100_000).optional() }),
    output: z.object({ task: z.int() }),
  }),
  task_failed: operation({
    about: 'Say that your task cannot be done, and why.',
    who: ['agent'],
    tool: { readOnly: false, for: 'worker' },
    input: z.object({ why: z.string().min(1).max(100_000) }),
    output: z.object({ task: z.int() }),
  }),
} as const
