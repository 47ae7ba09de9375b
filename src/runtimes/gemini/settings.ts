import type { LaunchContext } from '../../core/runtime.ts'
import { isRecord } from '../json.ts'
import { briefingName } from './files.ts'
import type { AuthType } from './home.ts'

/** The MCP server every agent knows; its tools are `mcp_team_…` here. */
export const teamServer = 'team'
export const teamTools = `mcp_${teamServer}_`

/** ms the CLI waits for what is only told. */
const tellMs = 10_000
/** A call that waits for a person is denied this long before the CLI would give up on the hook, and make the call. ms */
const graceMs = 60_000
const told = ['SessionStart', 'BeforeAgent', 'AfterTool', 'AfterAgent', 'SessionEnd'] as const

type Hook = Record<string, unknown>
type Settings = Record<string, unknown>

export interface SettingsParts {
  context: LaunchContext
  spool: string
  auth: AuthType | null
  persons: Settings
  /** In the names of the hooks, so that no settings can name one to switch it off. */
  nonce: string
}

/**
 * The settings of the agent's own home: the person's, and ours above them. No secret stands in them: the bearer comes from
 * the agent's environment, by the CLI's own substitution.
 */
export function settings(parts: SettingsParts): Settings {
  const { context, auth, persons } = parts
  const { agent, team } = context
  const files = section(persons, 'context')['fileName']
  const named = typeof files === 'string' ? [files] : Array.isArray(files) ? files : ['GEMINI.md']
  const ours: Settings = {
    hooksConfig: { enabled: true, notifications: false, disabled: [] },
    mcpServers: { ...agent.mcps, [teamServer]: server(team.hitl.holdMs) },
    security: { folderTrust: { enabled: true }, ...(auth === null ? {} : { auth: { selectedType: auth } }) },
    general: { enableAutoUpdate: false, enableAutoUpdateNotification: false, ...(context.rehearsal ? { maxAttempts: 3 } : {}) },
    advanced: { ignoreLocalEnv: true },
    context: { fileName: [...named, briefingName] },
    // Otherwise a provider that refuses is asked for ever, and nothing says so.
    ui: { errorVerbosity: 'full', hideTips: true, hideBanner: true, useAlternateBuffer: false, showHomeDirectoryWarning: false },
    ide: { enabled: false, hasSeenNudge: true },
    ...(context.rehearsal ? { privacy: { usageStatisticsEnabled: false }, telemetry: { enabled: false } } : {}),
    ...(agent.model === null && !context.rehearsal ? {} : { model: { name: agent.model ?? rehearsedModel } }),
  }
  const merged = merge(persons, ours)
  return { ...merged, hooks: hooks(parts) }
}

/** A model of one sort, so that none is chosen by asking another. */
const rehearsedModel = 'gemini-2.5-flash'

function server(holdMs: number): Record<string, unknown> {
  return {
    httpUrl: '$TROUPE_MCP_URL',
    headers: { Authorization: 'Bearer $TROUPE_AGENT_TOKEN' },
    trust: true,
    // For request_approval, which waits as long as a call is held. ms
    timeout: Math.max(600_000, holdMs + graceMs),
  }
}

/** Ours beside the person's own. */
function hooks({ context, spool, persons, nonce }: SettingsParts): Record<string, unknown> {
  const all: Record<string, unknown[]> = {}
  for (const [event, list] of Object.entries(section(persons, 'hooks'))) if (Array.isArray(list)) all[event] = list
  const add = (event: string, hook: Hook) => {
    all[event] = [...(all[event] ?? []), { hooks: [{ type: 'command', name: `troupe-${nonce}`, ...hook }] }]
  }
  const { programs, url, agent } = context
  const base = [programs.node, programs.hook, spool, `${url}/hook`]
  const patience = context.team.hitl.holdMs + graceMs
  // Only a word on stderr and the status 2 are a no: whatever else happens to the hook is made one.
  const refused = `echo 'troupe: its hook failed, so this is not done' >&2; exit 2`
  add('BeforeTool', { command: `${words([programs.node, programs.gate, String(patience), 'call'])} || { ${refused}; }`, timeout: patience + graceMs })
  // A run without a screen tells all else by itself.
  if (agent.mode === 'oneshot') return all
  for (const event of told) add(event, { command: words([...base, String(tellMs - 2_000)]), timeout: tellMs })
  // The question is drawn once its hook has ended: who answers it must not be waited for.
  const patient = agent.permissionMode === 'manual' ? patience : tellMs
  add('Notification', { command: `{ ${words([...base, String(patient)])} <&0 >/dev/null 2>&1 & }`, timeout: tellMs })
  return all
}

/** For the shell that the CLI runs its hooks in. */
function words(argv: string[]): string {
  return argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
}

function section(of: Settings, name: string): Settings {
  const found = of[name]
  return isRecord(found) ? found : {}
}

/** Objects member by member; of anything else the second counts. */
export function merge(first: Settings, second: Settings): Settings {
  const both: Settings = { ...first }
  for (const [name, value] of Object.entries(second)) {
    const before = both[name]
    both[name] = isRecord(before) && isRecord(value) ? merge(before, value) : value
  }
  return both
}
