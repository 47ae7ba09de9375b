import { agentsOf, type Team } from '../core/team.ts'

/** A variable that the team's files name, and where they do. */
export interface Variable {
  name: string
  /** Such as `hello:dev env` or `broker.url_env`. */
  from: string[]
}

/** Every environment variable the team names, in the order of the files. */
export function teamVariables(team: Team): Variable[] {
  const found = new Map<string, string[]>()
  const add = (name: string, from: string) => found.set(name, [...(found.get(name) ?? []), from])
  if (team.broker.type === 'postgres') add(team.broker.urlEnv, 'broker.url_env')
  for (const hook of team.rateLimits.hooks) if (hook.urlEnv !== null) add(hook.urlEnv, `rate_limits hook ${hook.name}`)
  for (const { name, config } of team.interfaces) for (const [key, value] of named(config)) add(value, `interface ${name} ${key}`)
  for (const { id, interfaces } of team.projects) for (const [key, value] of named(interfaces)) add(value, `project ${id} ${key}`)
  for (const agent of agentsOf(team)) {
    for (const name of agent.env) add(name, `${agent.address} env`)
    const { telegram } = agent.interfaces
    if (telegram !== null) {
      add(telegram.botTokenEnv, `${agent.address} bot_token_env`)
      add(telegram.chatIdsEnv, `${agent.address} chat_ids_env`)
    }
  }
  return [...found].map(([name, from]) => ({ name, from: [...new Set(from)] }))
}

/** Keys that end in `_env`, wherever they stand in free-form configuration. */
function named(config: unknown): [key: string, name: string][] {
  if (typeof config !== 'object' || config === null) return []
  return Object.entries(config).flatMap(([key, value]) => {
    if (typeof value === 'string')
      return key.endsWith('_env') && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value) ? [[key, value] as [string, string]] : []
    return named(value)
  })
}
