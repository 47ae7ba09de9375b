import { prefixes } from '../../core/sensitive.ts'
import type { LaunchContext } from '../../core/runtime.ts'

/** The MCP server every agent knows, `mcp__team__…`. */
export const teamServer = 'team'
export const teamTools = `mcp__${teamServer}__`

/** Seconds Claude waits for our answer. Every one of them fails open: the turn goes on without us. */
const answerSeconds = 5
/** A call that waits for a person is denied this long before Claude would give up on the hook, and make the call. */
const graceSeconds = 60
/** Reported over HTTP, no process for each. SessionStart is not possible over HTTP: see `command`. */
const reported = ['UserPromptSubmit', 'PostToolUse', 'PostToolUseFailure', 'Stop', 'StopFailure', 'SessionEnd', 'SubagentStart', 'SubagentStop'] as const

/** Claude's own ways to other sessions of the same user, past the team's rules. Denied by name they are not even offered. */
const pastTheTeam = ['SendMessage', 'ListAgents']

type Hook = Record<string, unknown>

/** Content of the file for --settings. Holds no secret: the bearer comes from the agent's environment. */
export function settings(context: LaunchContext, spool: string): Record<string, unknown> {
  const hooks: Record<string, { matcher?: string; hooks: Hook[] }[]> = {}
  const add = (event: string, matcher: string | null, hook: Hook) => {
    ;(hooks[event] ??= []).push({ ...(matcher === null ? {} : { matcher }), hooks: [hook] })
  }
  for (const event of reported) add(event, null, http(context.url, answerSeconds))
  const patience = context.team.hitl.holdMs / 1000 + graceSeconds
  add('PreToolUse', null, http(context.url, patience))
  add('PermissionRequest', null, http(context.url, context.agent.permissionMode === 'manual' ? patience : answerSeconds))
  add('SessionStart', null, command(context, spool))
  for (const each of context.agent.hooks) add(each.event, each.matcher, { type: 'command', command: each.command })
  return {
    hooks,
    // A project's own settings would switch off the hook that holds calls.
    disableAllHooks: false,
    permissions: { allow: [`mcp__${teamServer}`], deny: pastTheTeam, ask: asks(context) },
    ...(context.agent.ultracode ? { ultracode: true } : {}),
    // The YAML says `bypass`: the question whether that was meant is answered.
    ...(context.agent.permissionMode === 'bypass' ? { skipDangerousModePermissionPrompt: true } : {}),
  }
}

/** The rules as Claude's own, for when the hook fails: it then asks whoever is at its terminal. */
function asks({ team: { hitl } }: LaunchContext): string[] {
  return prefixes(hitl.globallySensitiveActions, hitl.rules).map((prefix) => `Bash(${prefix}:*)`)
}

function http(url: string, timeout: number): Hook {
  return {
    type: 'http',
    url: `${url}/hook`,
    headers: { Authorization: 'Bearer $TROUPE_AGENT_TOKEN' },
    allowedEnvVars: ['TROUPE_AGENT_TOKEN'],
    timeout,
  }
}

/** The exec form (`args`): no shell sees the paths. */
function command(context: LaunchContext, spool: string): Hook {
  const { node, hook } = context.programs
  return { type: 'command', command: node, args: [hook, spool], timeout: answerSeconds }
}

/** Content of the file for --mcp-config. `alwaysLoad`: otherwise only tool names are listed. `timeout` ms: the default cuts at 60 s. */
export function mcpConfig(context: LaunchContext): Record<string, unknown> {
  const team = {
    type: 'http',
    url: '${TROUPE_MCP_URL}',
    headers: { Authorization: 'Bearer ${TROUPE_AGENT_TOKEN}' },
    alwaysLoad: true,
    // For request_approval, which waits as long as a call is held.
    timeout: Math.max(600_000, context.team.hitl.holdMs + graceSeconds * 1000),
  }
  return { mcpServers: { ...context.agent.mcps, [teamServer]: team } }
}
