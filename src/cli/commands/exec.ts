import { statSync } from 'node:fs'
import { agentEnvironment, teamEnvironment } from '../../config/environment.ts'
import { declaredVariables } from '../../config/variables.ts'
import { resolveAgent } from '../../core/address.ts'
import { TroupeError } from '../../core/error.ts'
import type { Agent, Team } from '../../core/team.ts'
import { runtimeVariables } from '../../runtimes/index.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { teamOf } from '../team-files.ts'

/** As shells have them: not found, and found but not to be run. */
const notFound = 127
const notToRun = 126

export async function exec(cli: Cli, given: Given): Promise<number> {
  return await runAs(cli, given.required('agent'), () => given.words('argv'))
}

export async function shell(cli: Cli, given: Given): Promise<number> {
  return await runAs(cli, given.required('agent'), (env) => [env['SHELL'] || '/bin/sh'])
}

/** In the agent's folder, with what `up` would give it now. Its token belongs to one incarnation and is nobody else's. */
async function runAs(cli: Cli, name: string, argvOf: (env: Record<string, string>) => string[]): Promise<number> {
  const root = await cli.root()
  const team = teamOf(root)
  const agent = resolveAgent(team, name)
  checkFolder(agent)
  const { TERM } = cli.env
  const env = {
    ...givenTo(agent, team, cli),
    ...(TERM === undefined ? {} : { TERM }),
    TROUPE_AGENT: agent.address,
    TROUPE_PROJECT: agent.project,
    AGENT_ID: agent.address,
    PROJECT_ID: agent.project,
    TEAMCTL_ROOT: team.root,
  }
  const argv = argvOf(env)
  try {
    return await cli.runHere(argv, { env, cwd: agent.cwd })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOENT' && code !== 'EACCES') throw error
    const why = code === 'ENOENT' ? 'is not there, nor on the PATH' : 'may not be run'
    cli.out.error(new TroupeError(code === 'ENOENT' ? 'unknown' : 'denied', `the program "${argv[0]}" ${why}`, { hint: `troupe exec ${agent.address} -- PROGRAM ARGUMENTS…`, cause: error }))
    return code === 'ENOENT' ? notFound : notToRun
  }
}

/** Says what this agent names and nothing sets; what others lack is of no matter here. */
function givenTo(agent: Agent, team: Team, { env, out }: Cli): Record<string, string> {
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const { values, missing, problems } = teamEnvironment(team, Object.fromEntries(set), runtimeVariables)
  const own = new Set(declaredVariables(agent))
  for (const problem of problems) out.warn(problem)
  for (const { name } of missing) if (own.has(name)) out.warn(`${name} is not set (named by ${agent.address})`)
  return agentEnvironment(agent, values, runtimeVariables)
}

function checkFolder({ address, cwd }: Agent): void {
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() === true) return
  throw new TroupeError('config', `the working folder ${cwd} of ${address} does not exist`, { hint: `mkdir -p ${cwd}`, facts: { agent: address, cwd } })
}
