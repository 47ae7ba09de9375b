import { agentsOf, type Agent, type Team } from '../core/team.ts'
import type { Path } from './source.ts'

/** One place in the team's files that names a variable. */
export interface Naming {
  /** Such as `hello:dev env` or `broker url_env`. */
  what: string
  /** Id of the project whose file it is; null for the compose file. */
  project: string | null
  path: Path
}

/** A variable that the team's files name, and where they do. */
export interface Variable {
  name: string
  from: Naming[]
  /** False where every mention brings a value of its own along (`${NAME:-value}`). */
  required: boolean
}

/** Every environment variable the team names, in the order of the files. */
export function teamVariables(team: Team): Variable[] {
  const found = new Map<string, Variable>()
  const add = (name: string, from: Naming, required = true): void => {
    const known = found.get(name) ?? { name, from: [], required: false }
    found.set(name, { name, from: [...known.from, from], required: known.required || required })
  }
  const compose = (what: string, ...path: Path): Naming => ({ what, project: null, path })
  if (team.broker.type === 'postgres') add(team.broker.urlEnv, compose('broker url_env', 'broker', 'url_env'))
  for (const [at, hook] of team.rateLimits.hooks.entries()) {
    if (hook.urlEnv !== null) add(hook.urlEnv, compose(`rate_limits hook ${hook.name}`, 'rate_limits', 'hooks', at, 'url_env'))
  }
  for (const [at, { name, config }] of team.interfaces.entries()) {
    for (const [path, value] of named(config)) add(value, compose(`interface ${name} ${path.at(-1)}`, 'interfaces', at, 'config', ...path))
  }
  for (const { id, interfaces } of team.projects) {
    for (const [path, value] of named(interfaces)) add(value, { what: `project ${id} ${path.at(-1)}`, project: id, path: ['interfaces', ...path] })
  }
  for (const agent of agentsOf(team)) for (const [name, from, required] of ofAgent(agent)) add(name, from, required)
  return [...found.values()]
}

/** What an agent's own entry names for its process: `env`, and what its MCP servers refer to as `${NAME}`. */
export function declaredVariables(agent: Agent): string[] {
  return [...new Set([...agent.env, ...references(agent).map(([name]) => name)])]
}

function ofAgent(agent: Agent): [string, Naming, boolean][] {
  const at = (what: string, ...path: Path): Naming => ({ what: `${agent.address} ${what}`, project: agent.project, path: [`${agent.role}s`, agent.id, ...path] })
  const { telegram } = agent.interfaces
  return [
    ...agent.env.map((name, index): [string, Naming, boolean] => [name, at('env', 'env', index), true]),
    ...references(agent).map(([name, server, path, required]): [string, Naming, boolean] => [name, at(`mcps ${server}`, 'mcps', server, ...path), required]),
    ...(telegram === null
      ? []
      : ([
          [telegram.botTokenEnv, at('bot_token_env', 'interfaces', 'telegram', 'bot_token_env'), true],
          [telegram.chatIdsEnv, at('chat_ids_env', 'interfaces', 'telegram', 'chat_ids_env'), true],
          ...(telegram.userIdsEnv === null ? [] : [[telegram.userIdsEnv, at('user_ids_env', 'interfaces', 'telegram', 'user_ids_env'), true]]),
        ] as [string, Naming, boolean][])),
  ]
}

/** troupe's own, set for every agent: nobody has to provide them. */
const given = /^(TROUPE_\w+|AGENT_ID|PROJECT_ID|TEAMCTL_ROOT)$/

function references({ mcps }: Agent): [name: string, server: string, path: Path, required: boolean][] {
  return Object.entries(mcps).flatMap(([server, { command, args, env }]) => {
    const texts: [string, Path][] = [[command, ['command']], ...args.map((arg, at): [string, Path] => [arg, ['args', at]]), ...Object.entries(env).map(([key, value]): [string, Path] => [value, ['env', key]])]
    return texts.flatMap(([text, path]) =>
      [...text.matchAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\}/g)]
        .filter(([, name = '']) => !given.test(name))
        .map(([, name = '', value]): [string, string, Path, boolean] => [name, server, path, value === undefined]),
    )
  })
}

/** Keys that end in `_env`, wherever they stand in free-form configuration. */
function named(config: unknown, path: Path = []): [path: Path, name: string][] {
  if (typeof config !== 'object' || config === null) return []
  return Object.entries(config).flatMap(([key, value]): [Path, string][] => {
    const here = [...path, key]
    if (typeof value !== 'string') return named(value, here)
    return key.endsWith('_env') && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value) ? [[here, value]] : []
  })
}
