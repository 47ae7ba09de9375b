import { isAbsolute, join, relative } from 'node:path'
import { agentsOf, type Agent, type Team } from '../core/team.ts'
import { teamPaths } from './paths.ts'

/**
 * `state/envs/<project>-<agent>.env`: what an agent is, for scripts that `source` it. Holds no secret: of
 * declared variables only the names.
 */
export function renderEnv(team: Team, agent: Agent): string {
  const lines: [string, string | null][] = [
    ['AGENT_ID', agent.address],
    ['PROJECT_ID', agent.project],
    ['RUNTIME', agent.runtime],
    ['MODEL', agent.model],
    ['PERMISSION_MODE', agent.permissionMode],
    ['EFFORT', agent.effort],
    ['TEAMCTL_MAILBOX', team.broker.type === 'sqlite' ? team.broker.path : null],
    ['MCP_CONFIG', teamPaths(team.root).agentMcp(agent.project, agent.id)],
    ['SYSTEM_PROMPT_PATH', agent.rolePrompt[0] ?? ''],
    ['TEAMCTL_ROOT', team.root],
    ['TROUPE_AGENT', agent.address],
    ['TROUPE_PROJECT', agent.project],
    ['TROUPE_CWD', agent.cwd],
    ['TROUPE_ENV_NAMES', agent.env.join(' ')],
  ]
  return lines.flatMap(([name, value]) => (value === null ? [] : [`${name}=${shellQuote(value)}\n`])).join('')
}

/**
 * `state/mcp/<project>-<agent>.json`: how a program started by the agent reaches the team's tools. The identity
 * comes from its environment, so nothing secret stands here. `shim` is the argv of the stdio program.
 */
export function renderMcp([command, ...args]: readonly string[]): string {
  return `${JSON.stringify({ mcpServers: { team: { command, args, env: {} } } }, null, 2)}\n`
}

/** One shell word. NUL cannot stand in a variable and is refused where values are read. */
export function shellQuote(value: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]*$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`
}

/** `state/applied.json`: what the last `up` made real. `fingerprints` by address, as the daemon compares them. */
export function renderApplied(team: Team, at: number, fingerprints: Readonly<Record<string, string>>): string {
  const agents = agentsOf(team).map((agent) => [
    agent.address,
    {
      env_file: join('state', 'envs', `${agent.project}-${agent.id}.env`),
      runtime: agent.runtime,
      fingerprint: fingerprints[agent.address] ?? null,
    },
  ])
  const applied = {
    schema: 3,
    applied_at: new Date(at).toISOString(),
    global: {
      supervisor_type: team.supervisor.type,
      tmux_prefix: team.supervisor.tmuxPrefix,
      broker:
        team.broker.type === 'sqlite'
          ? { type: 'sqlite', path: fromRoot(team.root, team.broker.path) }
          : { type: 'postgres', url_env: team.broker.urlEnv },
    },
    agents: Object.fromEntries(agents),
  }
  return `${JSON.stringify(applied, null, 2)}\n`
}

/** A root may be moved, copied or put back elsewhere: what stands below it is named from it, or the copy would write into the original. */
function fromRoot(root: string, path: string): string {
  const way = relative(root, path)
  return way.startsWith('..') || isAbsolute(way) ? path : way
}
