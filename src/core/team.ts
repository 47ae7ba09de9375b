import type { BreakerSettings } from './breakers.ts'
import type { LoopGuardSettings } from './loop-guard.ts'
import type { OwnPrices } from './prices.ts'
import type { HeadRule } from './head-telling.ts'
import type { Worktree } from './worktree.ts'

/**
 * The team as every part after `config/load` sees it: complete, absolute, defaults filled in.
 * Nobody downstream writes `?? default`.
 */
export interface Team {
  /** Absolute real path of the folder that holds team-compose.yaml. */
  root: string
  name: string
  broker: Broker
  supervisor: SupervisorSettings
  limits: Limits
  /** Workers that were spawned and are at work at the same time; tasks beyond it wait. */
  maxWorkers: number
  /** How a spawned worker runs where nobody says otherwise. */
  workerMode: Mode
  /** Workers that one lead may make, all told. */
  maxSpawns: number
  loopGuard: LoopGuardSettings
  breakers: BreakerSettings
  budget: BudgetSettings
  /** Where limits stand: `team-compose.yaml:7`, by their key; an agent's own with its address before the key. */
  places: Record<string, string>
  hitl: HitlSettings
  rateLimits: RateLimitSettings
  metering: MeteringSettings
  interfaces: { type: string; name: string; config: unknown }[]
  /** Ways to people that are in use: those of managers and of the whole team. */
  gateways: GatewaySettings[]
  attachments: AttachmentSettings
  projects: Project[]
  /** Present when the whole team runs on a scripted model; a scenario name or absolute path. */
  rehearsal: string | null
}

export type Broker = { type: 'sqlite'; path: string } | { type: 'postgres'; urlEnv: string }

export interface SupervisorSettings {
  /** A name exported by supervisors/index.ts. */
  type: string
  tmuxPrefix: string
  /** How long an agent may take to end politely, ms. 0 means hard kill at once. */
  drainTimeoutMs: number
  /** `own`: a tmux server of the team's on its own socket. `default`: the user's server. */
  tmuxServer: 'own' | 'default'
}

export interface Limits {
  /** Largest message body, bytes of UTF-8. */
  messageBytes: number
  /** Log rotation. */
  logBytes: number
  logFiles: number
  /** Of one agent, over ten seconds: calls, and hooks by themselves. */
  requestsPerSecond: number
  /** Calls of one agent that run side by side. */
  requestsAtOnce: number
  /** Calls of one agent that wait for mail. */
  waitsAtOnce: number
  /** Unacknowledged messages of one recipient above which other agents are refused; operators are not. */
  inboxMessages: number
}

export interface BudgetSettings {
  /** US dollars a day, all agents together. */
  dailyUsdLimit: number | null
  /** US dollars, each run of each agent that does not say otherwise. */
  runUsdLimit: number | null
  warnThresholdPct: number | null
  messageTtlMs: number
  /** US dollars a day. */
  perProjectUsdLimit: Record<string, number>
  /** IANA name: where days begin and end. */
  timezone: string
  /** By a model's id or its beginning. */
  prices: OwnPrices
  /** What a call of unknown price does to whom a limit binds: it is said, or stops the agent. */
  unknownPrice: 'warn' | 'stop'
}

/** US dollars; null: nothing of its own. */
export interface AgentBudget {
  dailyUsdLimit: number | null
  runUsdLimit: number | null
}

export interface HitlSettings {
  globallySensitiveActions: string[]
  autoApproveWindows: { action: string; project: string | null; agent: string | null; scope: string | null; until: number }[]
  /** The team's own: calls that are an action. `command` is a program and the words that follow it, `tool` a name with `*`. */
  rules: { action: string; command: string[] | null; tool: string | null }[]
  /** How long a call waits for its verdict, ms. */
  holdMs: number
  /** How long a request that a rule made stays open, ms. */
  expiryMs: number
  /** What a yes needs besides the operator socket. */
  confirm: 'passphrase' | 'chat' | null
}

/** What stands between agents and their provider where they ask for it. */
export interface MeteringSettings {
  /** URL of the provider; null: what the environment of `up` says, else the runtime's own. */
  apiRoot: string | null
  /** Model calls of one agent that run side by side. */
  callsAtOnce: number
}

export interface RateLimitSettings {
  defaultOnHit: string[]
  fallbackWaitMs: number
  /** How long a limit must last for another runtime to take the work over. */
  failOverAfterMs: number
  /** Hosts, addresses and networks off the public internet that webhooks may call. */
  allowPrivate: string[]
  hooks: RateLimitHook[]
}

export interface RateLimitHook {
  name: string
  action: 'wait' | 'send' | 'webhook' | 'run'
  to: string | null
  template: string | null
  url: string | null
  urlEnv: string | null
  method: string | null
  command: string[]
}

/** One way to people, as the files say; the values of variables are looked up where it is opened. */
export interface GatewaySettings {
  /** `telegram hello:manager`, or `telegram` and the name of the interface. */
  id: string
  /** A name exported by gateways/index.ts. */
  type: string
  /** Whose people it is for; null: the whole team's. */
  manager: Address | null
  /** Variable with the bot's token, or the key of signatures. */
  secretEnv: string
  /** Where the platform is, where that is not its usual place; or the variable that says so. */
  url: string | null
  urlEnv: string | null
  /** Ids on the platform, and variables with more of them. No chat means that nobody may speak. */
  chats: string[]
  chatsEnv: string | null
  users: string[]
  usersEnv: string | null
  quietHours: QuietHours | null
  /** Its people are told where the journal ends; null: they are not. */
  journalHead: HeadRule | null
}

export interface BotSettings {
  botTokenEnv: string
  chatIdsEnv: string
  userIdsEnv: string | null
  apiRoot: string | null
  quietHours: QuietHours | null
  journalHead: HeadRule | null
}

export interface QuietHours {
  /** Minutes of the day; over midnight where `to` is the smaller one. */
  from: number
  to: number
  /** IANA name. */
  timezone: string
  /** What happens to approvals meanwhile; other messages wait. */
  approvals: 'silent' | 'wait' | 'loud'
}

export interface AttachmentSettings {
  enabled: boolean
  maxSizeBytes: number
  /** Of all files that are kept; binds agents. */
  maxTotalBytes: number
  /** Absolute. Agents may attach what lies below. */
  allowedRoots: string[]
  /** `command`: a program and its arguments, parted by blanks; the file's path follows. */
  scanner: { command: string; timeoutMs: number } | null
  auditLogPath: string | null
  tempfileTtlMs: number
}

export interface Project {
  id: string
  name: string
  /** Absolute. */
  cwd: string
  channels: Channel[]
  agents: Agent[]
  interfaces: unknown
}

export interface Channel {
  project: string
  name: string
  /** Agent addresses, resolved; a wildcard is expanded to every agent of the project. */
  members: Address[]
  wildcard: boolean
}

/** `project:agent`. */
export type Address = string

export type Role = 'manager' | 'worker'

export interface Agent {
  address: Address
  id: string
  project: string
  role: Role
  displayName: string | null
  /** A name exported by runtimes/index.ts, or of a `runtimes/<name>.yaml` descriptor. */
  runtime: string
  /** Set where the runtime is described by a file: what the generic runtime needs. */
  descriptor: RuntimeDescriptor | null
  mode: Mode
  /** What a one-shot agent is to do; null in the other modes. */
  task: string | null
  model: string | null
  /** Runtimes that stand in, in this order, while the provider of its own lets it do nothing. */
  fallback: Fallback[]
  effort: string | null
  /** Absolute paths, concatenated in order. */
  rolePrompt: string[]
  permissionMode: PermissionMode
  autonomy: Autonomy
  /** Addresses this agent may write to directly. Empty: nobody. `["*"]` in YAML is expanded. */
  canDm: Address[]
  /** Channel names of the own project. Empty: none. */
  canBroadcast: string[]
  reportsTo: Address | null
  restart: RestartMode
  budget: AgentBudget
  onRateLimit: string[] | null
  /** `proxy`: its model calls go through troupe. null: they are counted from its records alone. */
  metering: 'proxy' | null
  /** Absolute working directory; inside of its worktree where it has one. */
  cwd: string
  /** A working copy of its own; null: it works where people work. */
  worktree: Worktree | null
  /** argv appended to the runtime's own. */
  args: string[]
  /** Names of `.env`/environment variables handed to this agent besides the standard ones. */
  env: string[]
  hooks: { event: string; matcher: string | null; command: string }[]
  mcps: Record<string, { command: string; args: string[]; env: Record<string, string> }>
  skills: string[]
  subagents: string[]
  ultracode: boolean
  interfaces: { telegram: BotSettings | null }
  protected: boolean
  /** A manager that may make workers for itself. */
  canSpawn: boolean
  /** It was made by `spawn`, and `clear` may take it out again. */
  spawned: boolean
}

/** A runtime that takes an agent's work over; complete, so that a stand-in runs on as it was started whatever the files say by then. */
export interface Fallback {
  runtime: string
  descriptor: RuntimeDescriptor | null
  model: string | null
  mode: Mode
}

/** How much of what the rules cannot tell for sure an agent does without asking. */
export type Autonomy = 'full' | 'low_risk_only' | 'proposal_only'

export type PermissionMode = 'plan' | 'confirm' | 'manual' | 'auto' | 'bypass'
/** How the CLI runs: as a person would use it, over its protocol with the terminal as a view, or one task from start to end. */
export type Mode = 'terminal' | 'protocol' | 'oneshot'
export type RestartMode = 'always' | 'on-failure' | 'never'

/** `runtimes/<name>.yaml`: any command as an agent. */
export interface RuntimeDescriptor {
  name: string
  binary: string
  args: string[]
  /** It speaks this, and shows no screen; null: it is used at its terminal. */
  protocol: 'acp' | null
  /** The way in which it logs in over its protocol, by the protocol's word for it; absent: it is logged in, or says what is missing. */
  auth?: string
  /** Set for it in a rehearsal, so that it asks the scripted model: `${TROUPE_MODEL_URL}` and `${TROUPE_AGENT_TOKEN}` are filled in. */
  rehearsalEnv?: Record<string, string>
  supportsMcp: boolean
  sessionResume: string | null
  defaultModel: string | null
  env: Record<string, string>
  /** Screen patterns (JavaScript regular expressions), tried against the visible screen. */
  ready: string | null
  busy: string | null
  idle: string | null
  rateLimitPatterns: { match: string; resetsAtCapture: string | null; resetsInCapture: string | null }[]
}

export function agentsOf(team: Team): Agent[] {
  return team.projects.flatMap((project) => project.agents)
}

export function findAgent(team: Team, address: Address): Agent | undefined {
  return agentsOf(team).find((agent) => agent.address === address)
}
