import { z } from 'zod'
import { usageRow } from './budget.ts'
import { operation } from './operation.ts'

/** The team and its agents: bring up, take down, look at. Times are ms since the epoch. */

const evidence = z.object({ at: z.number(), what: z.string(), source: z.string() })

export const agentRow = z.object({
  agent: z.string(),
  /** Its name for people; absent from older daemons, null where it has none. Addresses stay the ids. */
  displayName: z.string().nullable().optional(),
  project: z.string(),
  role: z.enum(['manager', 'worker']),
  runtime: z.string(),
  /** Its own runtime, for which the one above does the work: since when, and until when it cannot; absent where none stands in. */
  standsInFor: z.object({ runtime: z.string(), since: z.number(), until: z.number().nullable() }).optional(),
  phase: z.string(),
  detail: z.string(),
  since: z.number(),
  incarnation: z.string().nullable(),
  restarts: z.int(),
  inbox: z.int(),
  /** What the files would do to it if they were applied now: an action of `plan`, `validate` where they have errors; absent if nothing. */
  pending: z.string().optional(),
  /** Files that decide what it may do and that something else than troupe changed since the team was applied, with who was at work then; absent if none. */
  changed: z.array(z.object({ file: z.string(), at: z.number(), atWork: z.array(z.string()) })).optional(),
  /** argv of the terminal, read-only; absent while there is none. */
  attach: z.array(z.string()).optional(),
  /** An allowance of its provider's that it has used up, and when it goes on (ms; null: nobody knows). null: none is known to be; absent from older daemons. */
  quota: z.object({ until: z.number().nullable(), why: z.string() }).nullable().optional(),
  /** The newest task that it was given; absent where it never had one. `state` as `task.list` has it. */
  task: z
    .object({ n: z.int(), title: z.string(), state: z.string(), detail: z.string(), source: z.string(), startedAt: z.number().nullable(), endedAt: z.number().nullable() })
    .optional(),
})
export type AgentRow = z.infer<typeof agentRow>

const selection = z.object({ agents: z.array(z.string()).default([]).describe('Addresses or short names; none means all') })
/** `agents` holds the names of projects too. */
export const part = z.object({ agents: z.array(z.string()).default([]).describe('Projects, addresses or short names; none means all') })
/** ms */
export const drainMs = z.int().min(0).nullable().default(null).describe('How long a running turn may take before the end; 0: end at once; null: supervisor.drain_timeout_secs')
const stopped = z.array(z.object({ agent: z.string(), took: z.string(), ms: z.number(), drain: z.string().nullable().optional().describe('How the time before its end was used') }))

/** One line of what a change of the files does. `agent` is `team` for settings that belong to no agent. */
export const changeRow = z.object({
  agent: z.string(),
  action: z.enum(['start', 'stop', 'restart', 'apply', 'untouched']),
  why: z.string(),
  aclWidened: z.array(z.string()),
  keys: z.array(z.object({ key: z.string(), at: z.string().nullable().describe('FILE:LINE') })),
  conversation: z.enum(['resumed', 'fresh']).nullable(),
})
export const settled = z.object({
  ok: z.boolean(),
  agents: z.array(agentRow),
  /** Agents that are not up: why, and what to do. Empty if `ok`. */
  troubles: z.array(z.object({ agent: z.string(), why: z.string(), fix: z.string() })),
  /** What a person should know although it stands in nobody's way. */
  notices: z.array(z.string()),
})

export const changed = settled.extend({ changes: z.array(changeRow) })

export const team = {
  up: operation({
    about: 'Apply the team as its files say now, start every agent, and wait until each is ready or has failed. Agents whose settings changed are started anew.',
    who: ['operator'],
    input: part.extend({
      /** Values of the environment variables that agents may get; kept in memory only. */
      env: z.record(z.string(), z.string()).default({}),
      rehearsal: z.string().nullable().default(null).describe('Scenario: run the team on the scripted model'),
      timeoutMs: z.int().positive().default(120_000),
    }),
    output: changed,
  }),
  down: operation({
    about: 'End every agent, the terminal server and the keeper. The daemon stops after it.',
    who: ['operator'],
    // Names would mean a part of the team: they are refused, not overlooked.
    input: z.strictObject({ hard: z.boolean().default(false), drainMs, rehearsal: z.boolean().default(false).describe('Only a rehearsal: nothing is done to a team at real work') }),
    output: z.object({ stopped }),
  }),
  'down.part': operation({
    about: 'End a part of the team: the rest and the daemon go on.',
    who: ['operator'],
    input: z.object({ agents: z.array(z.string()).min(1).describe('Projects, addresses or short names'), hard: z.boolean().default(false), drainMs }),
    output: z.object({ stopped, notices: z.array(z.string()) }),
  }),
  start: operation({
    about: 'Start agents; clears a quarantine.',
    who: ['operator'],
    input: selection.extend({ timeoutMs: z.int().positive().default(120_000) }),
    output: settled,
  }),
  stop: operation({
    about: 'Stop agents politely; they stay stopped.',
    who: ['operator'],
    input: selection.extend({ drainMs }),
    output: z.object({ stopped }),
  }),
  kill: operation({
    about: 'Kill agents at once; they stay stopped.',
    who: ['operator'],
    input: selection,
    output: z.object({ stopped }),
  }),
  restart: operation({
    about: 'Stop and start agents, resuming their conversations; clears a quarantine and its counters.',
    who: ['operator'],
    input: part.extend({ fresh: z.boolean().default(false), drainMs, timeoutMs: z.int().positive().default(120_000) }),
    output: settled,
  }),
  ps: operation({
    about: 'Every agent, what it does and since when.',
    who: ['operator'],
    input: z.object({}),
    output: z.array(agentRow),
  }),
  inspect: operation({
    about: 'One agent in full: state with its evidence, limits, usage, files.',
    who: ['operator'],
    input: z.object({ agent: z.string() }),
    output: agentRow.extend({
      evidence: z.array(evidence),
      limits: z.record(z.string(), z.unknown()),
      /** Limits of the provider that it ran into, newest first, at most five; absent from older daemons. */
      limitHits: z.array(
        z.object({
          at: z.number(),
          resetsAt: z.number().nullable(),
          until: z.number().nullable().describe('When it goes on by itself'),
          raw: z.string(),
          hooks: z.array(z.object({ name: z.string(), action: z.string(), state: z.string(), attempts: z.int(), what: z.string() })),
        }),
      ).optional(),
      usage: z.array(usageRow),
      session: z.string().nullable(),
      pid: z.int().nullable(),
      model: z.string().nullable(),
      permissionMode: z.string(),
      gate: z.boolean().optional().describe('It asks for leave before each tool call; absent from older daemons'),
      cwd: z.string(),
      reportsTo: z.string().nullable(),
      canDm: z.array(z.string()),
      canBroadcast: z.array(z.string()),
      version: z.string().nullable(),
      files: z.record(z.string(), z.string()),
      /** Last lines of its terminal where it does not get on by itself (waiting, starting, stopping); absent otherwise. */
      screen: z.array(z.string()).optional(),
      /** What a person can do about it now. */
      next: z.array(z.string()),
    }),
  }),
  interrupt: operation({
    about: 'Interrupt the running turn of an agent.',
    who: ['operator'],
    input: z.object({ agent: z.string() }),
    output: z.object({ agent: z.string() }),
  }),
  logs: operation({
    about: 'Where the log of each agent is, and its screen now if it has one. The reader opens the file itself.',
    who: ['operator'],
    input: selection.extend({ screen: z.boolean().default(true), escapes: z.boolean().default(false).describe('The screen with its colours, as escape sequences') }),
    output: z.array(z.object({ agent: z.string(), file: z.string(), previous: z.array(z.string()), screen: z.string().nullable() })),
  }),
  events: operation({
    about: 'The newest lines of the journal that match, oldest first, and the cursor to follow it from there.',
    who: ['operator'],
    input: z.object({
      agent: z.string().optional(),
      since: z.number().optional().describe('ms since the epoch'),
      limit: z.int().min(1).max(10_000).default(200),
    }),
    output: z.object({
      cursor: z.string(),
      events: z.array(
        z.object({
          at: z.number(),
          type: z.string(),
          subject: z.string(),
          agent: z.string().nullable(),
          data: z.record(z.string(), z.unknown()),
        }),
      ),
    }),
  }),
  attach: operation({
    about: 'The command that shows an agent’s terminal.',
    who: ['operator'],
    input: z.object({ agent: z.string(), rw: z.boolean().default(false) }),
    output: z.object({ agent: z.string(), argv: z.array(z.string()) }),
  }),
} as const
