import type { LaunchContext } from '../../core/runtime.ts'
import { hooksOf, shellWords, type CommandHook } from './hooks.ts'
import type { CodexHome } from './home.ts'
import type { ChosenMode } from './mode.ts'
import type { Personal } from './person.ts'
import { toml, type Toml } from './toml.ts'

/** As Codex names the tools of the team: `mcp__team__dm`. */
export const teamServer = 'team'
export const teamTools = `mcp__${teamServer}__`

/** The hook answers before Codex stops waiting for it, which would let the call through. s */
const graceSeconds = 60
const answerSeconds = 30

export interface ConfigParts {
  home: CodexHome
  /** Real path of the working folder. */
  cwd: string
  mode: ChosenMode
  /** The person trusts the folder: what it brings along for Codex may come in. */
  trusted: boolean
  provider: Provider | null
  /** What the person's own config.toml gives. */
  personal: Pick<Personal, 'settings' | 'providers'>
}

/** Where the model is, other than where Codex's login leads. `key` is the variable that holds the bearer. */
export interface Provider {
  url: string
  key: string
  /** How often a call that failed is made again. Absent: as Codex does it by itself. */
  retries?: number
}

const providerName = 'troupe'
/** Any name will do: the scripted model answers to all of them. */
const scriptedModel = 'scripted-1'

/** The whole config.toml of an agent. Codex writes into it too; the next launch begins it anew. */
export function config(context: LaunchContext, parts: ConfigParts): string {
  const { agent, briefing, rehearsal } = context
  const model = agent.model ?? (rehearsal ? scriptedModel : null)
  return toml({
    ...(agent.model === null ? parts.personal.settings : ofAnyModel(parts.personal.settings)),
    ...(model === null ? {} : { model }),
    ...(agent.effort === null ? {} : { model_reasoning_effort: effortOf(agent.effort) }),
    ...(parts.provider === null ? {} : { model_provider: providerName }),
    approval_policy: parts.mode.approval,
    sandbox_mode: parts.mode.sandbox,
    developer_instructions: briefing,
    check_for_update_on_startup: false,
    // What is typed into a running program is seen by no hook. Codex starts none that it could type into then.
    features: { unified_exec_tty: false },
    analytics: { enabled: false },
    feedback: { enabled: false },
    tui: { show_tooltips: false, notifications: false },
    projects: { [parts.cwd]: { trust_level: parts.trusted ? 'trusted' : 'untrusted' } },
    ...providersOf(parts),
    mcp_servers: { ...mcpsOf(context), [teamServer]: team(context) },
    hooks: hooksOf(parts.home.config, gates(context)),
  })
}

/** Without what the person said of their own. */
function ofAnyModel({ model: _model, model_context_window: _window, model_auto_compact_token_limit: _limit, ...rest }: Personal['settings']): Personal['settings'] {
  return rest
}

function providersOf({ personal, provider }: ConfigParts): { model_providers?: Toml } {
  const all = { ...personal.providers, ...(provider === null ? {} : { [providerName]: providerOf(provider) }) }
  return Object.keys(all).length === 0 ? {} : { model_providers: all }
}

function providerOf({ url, key, retries }: Provider): Toml {
  const patience = retries === undefined ? {} : { request_max_retries: retries, stream_max_retries: retries }
  return { name: 'troupe', base_url: url, env_key: key, wire_api: 'responses', ...patience }
}

/** The words of other runtimes that Codex does not know are the nearest that it does. */
function effortOf(effort: string): string {
  return effort === 'max' ? 'xhigh' : effort
}

function team({ url, team: { hitl } }: LaunchContext): Toml {
  return {
    url: `${url}/mcp`,
    bearer_token_env_var: 'TROUPE_AGENT_TOKEN',
    default_tools_approval_mode: 'approve',
    startup_timeout_sec: 30,
    // For request_approval, which waits as long as a call is held.
    tool_timeout_sec: Math.max(600, Math.ceil(hitl.holdMs / 1000) + graceSeconds),
  }
}

function mcpsOf({ agent }: LaunchContext): { [key: string]: Toml } {
  return Object.fromEntries(Object.entries(agent.mcps).map(([name, { command, args, env }]) => [name, { command, args, env }]))
}

/** Every call is asked about before it is made; what Codex would ask its user, in mode `manual` only, and else what was allowed before. */
function gates({ programs, team: { hitl }, agent }: LaunchContext): CommandHook[] {
  const hold = Math.ceil(hitl.holdMs / 1000) + answerSeconds
  const gate = (event: CommandHook['event'], kind: 'call' | 'prompt', seconds: number): CommandHook => ({
    event,
    // Also where the gate itself cannot run: Codex takes no other status for a no.
    command: `${shellWords([programs.node, programs.gate, String(seconds * 1000), kind])}${kind === 'call' ? ' || exit 2' : ''}`,
    timeout: seconds + graceSeconds,
  })
  return [gate('PreToolUse', 'call', hold), gate('PermissionRequest', 'prompt', agent.permissionMode === 'manual' ? hold : answerSeconds)]
}
