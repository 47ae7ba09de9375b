import { z } from 'zod'
import { defaultBreakers } from '../../core/breakers.ts'
import { defaultAttachments, defaultLimits, defaultLoopGuard, defaultMetering, defaultWorkers } from '../../core/limits.ts'
import type { Known } from '../known.ts'
import { budget } from './budget.ts'
import { list, optional, text, variable, version } from './words.ts'

const count = z.int().min(0)

const broker = z
  .strictObject({
    type: z.enum(['sqlite', 'postgres']).default('sqlite'),
    path: optional(text).describe('sqlite: the database file, relative to the team root; state/mailbox.db if left out'),
    url_env: optional(variable).describe('postgres: name of the environment variable that holds the URL'),
  })
  .prefault({})
  .describe('Where mail and state are kept')

function supervisor(known: Known) {
  return z
    .strictObject({
      type: text
        .default(known.supervisors.default)
        .describe([...known.supervisors.ready, ...known.supervisors.planned].join(', ')),
      tmux_prefix: text.default('a-').describe('Begins the name of every terminal session'),
      drain_timeout_secs: z.number().default(10).describe('Seconds a running turn gets before its agent is ended, 0..600; 0 kills at once'),
      tmux_server: z.enum(['own', 'default']).default('own').describe('own: a tmux server of the team’s; default: the user’s'),
      worktree_isolation: z.boolean().default(false).describe('A git worktree for each agent that does not say `worktree: false`'),
    })
    .prefault({})
    .describe('What keeps the agents alive')
}

const atLeastOne = z.int().min(1)

const limits = z
  .strictObject({
    message_bytes: atLeastOne.default(defaultLimits.messageBytes).describe('Largest message, bytes'),
    log_bytes: atLeastOne.default(defaultLimits.logBytes).describe('A terminal log is rotated at this size, bytes'),
    log_files: atLeastOne.default(defaultLimits.logFiles).describe('Logs kept for each agent'),
    requests_per_second: atLeastOne
      .default(defaultLimits.requestsPerSecond)
      .describe('Calls of one agent, and its hooks by themselves, averaged over ten seconds, each 16 KiB as one more; what is over it is refused for a moment'),
    requests_at_once: atLeastOne.default(defaultLimits.requestsAtOnce).describe('Calls of one agent that may run side by side'),
    waits_at_once: atLeastOne.default(defaultLimits.waitsAtOnce).describe('Calls of one agent that may wait for mail'),
    inbox_messages: atLeastOne
      .default(defaultLimits.inboxMessages)
      .describe('Unacknowledged messages in one inbox; agents that write to a full one are refused, operators are not'),
  })
  .prefault({})

const loopGuard = z
  .strictObject({
    enabled: z.boolean().default(defaultLoopGuard.enabled).describe('Refuse what the limits below do not allow'),
    hops: atLeastOne
      .default(defaultLoopGuard.hops)
      .describe('Messages in a row, each caused by the one before, in which no agent does anything but write'),
    sends_per_chain: atLeastOne
      .default(defaultLoopGuard.sendsPerChain)
      .describe('Sends that one message led to since the last work on it; a broadcast is one'),
    sends_per_minute: atLeastOne.default(defaultLoopGuard.sendsPerMinute).describe('Sends of one agent'),
  })
  .prefault({})
  .describe('Stops agents that only write to each other; operators are not bound, and any successful tool call other than the team’s counts as work')

const breakers = z
  .strictObject({
    enabled: z.boolean().default(defaultBreakers.enabled).describe('Stop agents that run away'),
    calls_per_minute: atLeastOne.default(defaultBreakers.callsPerMinute).describe('Model calls of one agent with its subagents, on average over ten minutes; above it the agent is stopped'),
    calls_without_work: atLeastOne
      .default(defaultBreakers.callsWithoutWork)
      .describe('Model calls within an hour since it used a tool other than the team’s with success, or a person wrote to it; above it the agent is stopped'),
    subagents_at_once: atLeastOne.default(defaultBreakers.subagentsAtOnce).describe('Subagents of one agent at the same time; one more is refused'),
    subagents_per_run: atLeastOne.default(defaultBreakers.subagentsPerRun).describe('Subagents of one run of an agent; one more is refused'),
    nested_subagents: z.boolean().default(defaultBreakers.nestedSubagents).describe('Subagents may have subagents of their own'),
  })
  .prefault({})
  .describe('Stops agents that run away, whatever they cost; docs/budgets.md')

const sensitive = [
  'publish',
  'release',
  'payment',
  'external_email',
  'external_api_post',
  'merge_to_main',
  'dns_change',
  'deploy',
]

const hitl = z
  .strictObject({
    globally_sensitive_actions: z.array(text).default(sensitive).describe('Actions that a person decides on'),
    auto_approve_windows: list(
      z.strictObject({
        action: text,
        project: optional(text),
        agent: optional(text),
        scope: optional(text),
        until: text.describe('End of the window, such as 2030-01-31T18:00:00Z'),
      }),
    ).describe('Actions approved without asking, until a moment'),
    rules: list(
      z.strictObject({
        action: text.describe('Name of the action'),
        command: optional(text).describe('A program and the words that follow it, such as `broker order`'),
        tool: optional(text).describe('Name of a tool; * stands for any part'),
      }),
    ).describe('Further calls that are one of these actions; docs/approvals.md lists those that are known'),
    confirm: optional(z.enum(['passphrase', 'chat'])).describe('What a yes needs besides the operator socket: the passphrase of `troupe passphrase`, or a person in the team’s chat'),
    hold: atLeastOne.default(600).describe('Seconds a call waits for its verdict before it is denied for now, at most 3600'),
    expiry: atLeastOne.default(900).describe('Seconds a request that a rule made stays open, at most 86400; then it is denied'),
  })
  .prefault({})
  .describe('What people decide')

const rateLimits = z
  .strictObject({
    default_on_hit: list(text).describe('Hooks run when an agent hits a limit of its provider, in order; none means wait'),
    fail_over_after_seconds: count.default(300).describe('A limit that is over sooner is waited for; for a longer one an agent’s `fallback` takes its work over'),
    fallback_wait_seconds: count.default(1800).describe('Wait this long where the reset time is unknown, at least ten seconds'),
    allow_private: list(text).describe('Hosts, addresses and networks (10.0.0.0/8) off the public internet that webhooks may call'),
    hooks: list(
      z.strictObject({
        name: text.describe('What default_on_hit and on_rate_limit call it; `wait` is there without being declared'),
        action: z
          .enum(['wait', 'send', 'webhook', 'run'])
          .describe('wait: park the agent until the reset, then tell it to go on; send: mail; webhook: an HTTP request; run: a program'),
        to: optional(text).describe('send: an agent, #channel, or `user`: the people of the agent, in their chats'),
        template: optional(text).describe('send: the text; webhook: the field `text` beside the facts. {agent} {runtime} {hit_at} {resets_at} {resets_at_local} {raw_match} are filled in'),
        url: optional(text).describe('webhook: the address, if it is no secret'),
        url_env: optional(variable).describe('webhook: name of the environment variable that holds the address'),
        method: optional(text).describe('webhook: left out, POST'),
        command: list(text).describe('run: program and arguments, with the same placeholders; never a shell'),
      }),
    ).describe('What can be done about a limit'),
  })
  .prefault({})
  .describe('What is done when an agent hits a limit of its provider; docs/limits.md')

const metering = z
  .strictObject({
    via: z.enum(['records', 'proxy']).default('records').describe('For agents that say nothing: counted from the records of their CLI, or by what goes through troupe'),
    api_root: optional(text).describe('URL of the provider, of all agents that go through; left out, what the environment says, else the runtime’s own'),
    calls_at_once: atLeastOne.default(defaultMetering.callsAtOnce).describe('Model calls of one agent that may run side by side'),
  })
  .prefault({})
  .describe('Model calls through troupe’s proxy, for agents with an API key; docs/limits.md')

const attachments = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Messages may carry files'),
    max_size_bytes: count.default(defaultAttachments.maxSizeBytes).describe('Largest file, bytes'),
    max_total_bytes: count.default(defaultAttachments.maxTotalBytes).describe('All files that are kept; agents that would go beyond it are refused, operators are not'),
    allowed_roots: z
      .array(text)
      .default(['$HOME'])
      .describe('Agents may attach files from below these folders, and from their own working directory; operators from anywhere'),
    scanner: optional(
      z.strictObject({
        command: text.describe('A program and its arguments, parted by blanks; the path of the file comes last. No shell. Exit code 0 lets the file in'),
        timeout_seconds: z.number().min(0).default(30).describe('A scan that takes longer keeps the file out'),
      }),
    ).describe('Looks at each file before it is kept'),
    audit_log_path: optional(text).describe('A file that gets one JSON line for each file that was let in or kept out, relative to the team root'),
    tempfile_ttl_seconds: count.default(defaultAttachments.tempfileTtlMs / 1000).describe('How long copies in the folders of agents stay'),
  })
  .prefault({})
  .describe('Files that come with messages')

/** `team-compose.yaml` */
export function composeSchema(known: Known) {
  return z.strictObject({
    version,
    name: optional(text).describe('Name of the team; left out, the folder’s'),
    broker,
    supervisor: supervisor(known),
    limits,
    max_workers: atLeastOne.max(1000).default(defaultWorkers.atOnce).describe('Spawned workers that are at work at the same time; tasks beyond it wait for their turn'),
    worker_mode: z.enum(['terminal', 'protocol', 'oneshot']).default('terminal').describe('How a spawned worker runs where nobody says otherwise'),
    max_spawns: atLeastOne.max(100_000).default(defaultWorkers.ofOneLead).describe('Workers that one manager with can_spawn may make, all told'),
    loop_guard: loopGuard,
    breakers,
    budget,
    hitl,
    rate_limits: rateLimits,
    metering,
    interfaces: list(z.strictObject({ type: text, name: text, config: z.unknown().default(null) })).describe(
      'Ways for people to reach the team',
    ),
    attachments,
    projects: list(z.strictObject({ file: text.describe('Relative to the team root') })).describe('One file for each project'),
    rehearsal: optional(text).describe('Run the whole team on the scripted model: the name of a scenario, or its file'),
  })
}

export type RawCompose = z.output<ReturnType<typeof composeSchema>>
