import { homedir } from 'node:os'
import type { Clock } from '../core/clock.ts'
import type { Host } from '../core/runtime.ts'
import { agentsOf, type Agent, type Broker, type Team } from '../core/team.ts'
import { readDotenv } from './dotenv.ts'
import { declaredVariables, teamVariables, type Variable } from './variables.ts'

export type Environment = Record<string, string>

/** Handed to every agent. Nothing else of a person's environment reaches one unless it is declared. */
const person = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TERM',
  'COLORTERM',
  'TMPDIR',
  'SSH_AUTH_SOCK',
]
const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'all_proxy', 'no_proxy']
const authorities = [
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
]
const passedOn = new Set([...person, ...proxies, ...authorities])

export function isPassedOn(name: string): boolean {
  return passedOn.has(name) || name.startsWith('LC_') || name.startsWith('XDG_')
}

/** The environment of this process. Nobody else reads it. */
export function processEnvironment(): Environment {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** The machine as runtimes see it. */
export function hostOf(env: Environment, clock: Clock): Host {
  const home = env.HOME
  return { env, home: home === undefined || home === '' ? homedir() : home, isRoot: process.geteuid?.() === 0, clock }
}

export interface TeamEnvironment {
  /** What `up` hands to the daemon: standard names, the runtimes' own, and what the team's files name. In memory only. */
  values: Environment
  /** Named by the files, and set nowhere. */
  missing: Variable[]
  /** `.env` files that cannot be read. */
  problems: string[]
}

/**
 * Values from the process first, then from `.env` by allow-list: only names that the team's files mention.
 * `runtimeVariables` says what each runtime reads for itself; `more` are runtimes of workers that are still to be made.
 */
export function teamEnvironment(
  team: Team,
  env: Environment,
  runtimeVariables: (runtime: string) => readonly string[],
  more: readonly string[] = [],
): TeamEnvironment {
  const dotenv = readDotenv(team.root)
  const named = teamVariables(team)
  const runtimes = new Set([...more, ...agentsOf(team).flatMap(({ runtime, fallback }) => [runtime, ...fallback.map((each) => each.runtime)])])
  const written = new Set(named.map((variable) => variable.name))
  const own = new Set([...runtimes].flatMap(runtimeVariables))
  const fromFiles = pick(dotenv.values, (name) => written.has(name))
  const values = { ...fromFiles, ...pick(env, (name) => isPassedOn(name) || written.has(name) || own.has(name)) }
  return { values, missing: named.filter(({ name, required }) => required && !Object.hasOwn(values, name)), problems: dotenv.problems }
}

/** What one agent gets of the team's values: standard names, its runtime's own, those it declares. Nobody else's tokens. */
export function agentEnvironment(
  agent: Agent,
  values: Environment,
  runtimeVariables: (runtime: string) => readonly string[],
): Environment {
  const declared = new Set([...declaredVariables(agent), ...runtimeVariables(agent.runtime)])
  return pick(values, (name) => isPassedOn(name) || declared.has(name))
}

/** For a command of the team's own that is no agent: standard names, nobody's tokens. */
export function plainEnvironment(values: Environment): Environment {
  return pick(values, isPassedOn)
}

/** What the daemon may know of the broker: the one variable that `url_env` names, from its environment or from `.env`. */
export function brokerEnvironment(broker: Broker, root: string, env: Environment): Environment {
  if (broker.type !== 'postgres') return {}
  return pick({ ...readDotenv(root).values, ...env }, (name) => name === broker.urlEnv)
}

/**
 * What stands in the environment of daemon and keeper, where every process of this user can read it: standard names,
 * our own and Node's, and the address of the database. Values for agents go another way, in memory.
 */
export function daemonEnvironment(env: Environment, broker: Broker | null): Environment {
  const database = (name: string): boolean => {
    if (broker === null) return /_(URL|DSN)$/.test(name) // the files are broken: the running team may still need it
    return broker.type === 'postgres' && (name === broker.urlEnv || name.startsWith('PG'))
  }
  // A command typed in an agent's shell may start the daemon: what makes that shell an agent's must not make the daemon one.
  const ours = (name: string): boolean => /^(TROUPE|TEAMCTL|NODE|TMUX)_/.test(name) && !/^TROUPE_(AGENT|PROJECT|INCARNATION|MCP_URL)/.test(name)
  return pick(env, (name) => isPassedOn(name) || ours(name) || database(name))
}

function pick(values: Environment, wanted: (name: string) => boolean): Environment {
  return Object.fromEntries(Object.entries(values).filter(([name]) => wanted(name)))
}
