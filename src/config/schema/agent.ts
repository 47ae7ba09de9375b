import { z } from 'zod'
import type { Known } from '../known.ts'
import { agentBudget } from './budget.ts'
import { telegramOfManager } from './gateways.ts'
import { list, optional, text, variable } from './words.ts'

const efforts = ['low', 'medium', 'high', 'xhigh', 'max'] as const
const runs = ['terminal', 'protocol', 'oneshot'] as const
const restartModes = ['always', 'on-failure', 'never'] as const

const modes = `plan: read-only; confirm: every tool call is an approval; manual: the runtime asks;
auto: what stays inside cwd is allowed, the rest asks; bypass: the runtime asks nothing. A sensitive action is held in every mode`

/** One entry of `managers:` or `workers:`. */
export function agentSchema(known: Known) {
  const runtimes = [...known.runtimes.ready, ...known.runtimes.planned].join(', ')
  return z.strictObject({
    runtime: text
      .default(known.runtimes.default)
      .describe(`The agent CLI: ${runtimes}, or the name of a file runtimes/<name>.yaml`),
    mode: optional(z.enum(runs)).describe('terminal: as a person would use it; protocol: over the CLI’s own protocol, shown in the terminal; oneshot: does its `task` and ends. Left out, terminal, or protocol where the CLI has no screen'),
    task: optional(text).describe('What a one-shot agent is to do; only with mode oneshot'),
    model: optional(text).describe('Model; left out, the runtime chooses'),
    fallback: list(z.union([text, z.strictObject({ runtime: text, model: optional(text) })])).describe('Runtimes that take its work over, in this order, while the provider of its own lets it do nothing; it goes back when it can'),
    effort: optional(z.enum(efforts)).describe('How hard the model thinks'),
    role_prompt: optional(z.union([text, z.array(text)])).describe(
      'File with the role, or several, joined in order; relative to the team root',
    ),
    display_name: optional(text).describe('Name for people, at most 64 characters; addresses always use the id'),
    permission_mode: text.default('auto').describe(modes),
    autonomy: text.default('low_risk_only').describe('full: only what is surely a sensitive action is held; low_risk_only: also what may be one; proposal_only: whatever changes something'),
    can_dm: list(text).describe('Agents of the same project this agent may write to; ["*"] means all, left out means none'),
    can_broadcast: list(text).describe(
      'Channels of the project this agent may broadcast on; ["*"] means all, left out means none',
    ),
    reports_to: optional(text).describe('The manager this agent reports to'),
    on_rate_limit: z.array(text).nullable().default(null).describe('Rate-limit hooks in order; [] means do nothing, left out the team’s default_on_hit'),
    metering: optional(z.enum(['records', 'proxy'])).describe('proxy: its model calls go through troupe, which counts and stops them; needs an API key; docs/limits.md says which runtimes. Left out, the team’s metering.via'),
    restart: optional(z.enum(restartModes)).describe('What follows when the process ends; never: exit 0 means done. Left out, never for one-shot agents, else always'),
    budget: agentBudget,
    cwd: optional(text).describe('Working directory, relative to the project’s; left out, the project’s'),
    args: list(text).describe('Arguments added to the runtime’s own command line'),
    env: list(variable).describe('Names of environment variables handed to this agent besides the standard ones'),
    can_spawn: z.boolean().default(false).describe('This manager may make workers for itself, within max_workers and max_spawns; managers only'),
    spawned: z.boolean().default(false).describe('Made by `troupe spawn`: `troupe clear` may take it out again; workers only'),
    protected: z.boolean().default(false).describe('Spared by `halt` unless it is named'),
    interfaces: z
      .strictObject({
        telegram: optional(telegramOfManager).describe('A bot of this manager’s own; managers only'),
      })
      .prefault({})
      .describe('Ways for people to reach this agent'),
    hooks: list(z.strictObject({ event: text, matcher: optional(text), command: text })).describe(
      'Hooks added to the runtime’s own; a program named by a relative path lies below the team root',
    ),
    mcps: z
      .record(text, z.strictObject({ command: text, args: list(text), env: z.record(text, text).default({}) }))
      .default({})
      .describe('Further MCP servers; the name `team` is troupe’s own. `${NAME}` in them is a variable, handed to the agent'),
    skills: list(text).describe('Folders of skills (each with its SKILL.md), or folders that hold such folders; relative to the team root'),
    subagents: list(text).describe('Markdown files of subagents, whose head has `name` and `description`; relative to the team root'),
    ultracode: z.boolean().default(false).describe('Switches the runtime’s mode of that name on'),
    worktree: optional(z.boolean()).describe('true: a git worktree of its own, on a branch of its own, outside of the repository. Left out, as supervisor.worktree_isolation says'),
    cwd_override: optional(text).describe('Works here instead, and gets no worktree: a folder that is apart already; relative to its cwd'),
  })
}

export type RawAgent = z.output<ReturnType<typeof agentSchema>>
