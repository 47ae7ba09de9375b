import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { TroupeError } from '../core/error.ts'
import type { Abilities, Health, Host, Launch, LaunchContext, Runtime } from '../core/runtime.ts'
import type { RuntimeDescriptor } from '../core/team.ts'
import { writeAtomic } from '../util/atomic-write.ts'
import { GenericSession } from './generic-session.ts'
import { compilePatterns } from './screen-patterns.ts'

/**
 * Any command as an agent, as `runtimes/<name>.yaml` describes it. What it does is read from its process and its
 * screen; messages are pasted, which proves nothing. In `args`, `{mission}` (the file with role, team and rules),
 * `{model}` and `{mcp_url}` are filled in; an argument whose value is not known is left out.
 */
export function generic(descriptor: RuntimeDescriptor | null): Runtime {
  if (descriptor === null) {
    throw new TroupeError('config', 'a command of your own needs a description', { hint: 'write runtimes/<name>.yaml with `binary: …`' })
  }
  const patterns = compilePatterns(descriptor)
  return {
    name: descriptor.name,
    abilities: abilitiesOf(descriptor),
    health: (host) => Promise.resolve(healthOf(descriptor, host)),
    launch: (context) => Promise.resolve(launch(descriptor, context)),
    open: (context) => new GenericSession(context, patterns),
  }
}

/** In the middle of a turn nothing is typed: what a busy program makes of it cannot be known. */
function abilitiesOf({ supportsMcp, rateLimitPatterns }: RuntimeDescriptor): Abilities {
  return {
    resume: false,
    proofs: supportsMcp ? ['tool'] : [],
    rungs: supportsMcp ? { idle: ['paste', 'fetch'], busy: ['fetch'], waiting: [] } : { idle: ['paste'], busy: [], waiting: [] },
    interrupt: false,
    images: { message: [], tool: false },
    usage: false,
    mcp: supportsMcp,
    compact: false,
    gate: false,
    prompts: false,
    retries: false,
    resets: rateLimitPatterns.some((each) => each.resetsAtCapture !== null || each.resetsInCapture !== null),
    settings: [],
  }
}

function healthOf({ name, binary }: RuntimeDescriptor, host: Host): Health {
  const folders = binary.includes('/') ? [''] : (host.env['PATH'] ?? '').split(delimiter).filter(isAbsolute)
  const program = folders.map((folder) => join(folder, binary)).find(isProgram) ?? null
  // A path with a folder but no root is meant from the agent's cwd: only the launch can tell.
  const later = binary.includes('/') && !isAbsolute(binary)
  const problem = { why: `the program \`${binary}\` of the runtime \`${name}\` is not on the PATH`, fix: `install it, or correct \`binary\` in runtimes/${name}.yaml` }
  return { installed: program !== null, program, version: null, features: {}, problem: program === null && !later ? problem : null }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

function launch(descriptor: RuntimeDescriptor, context: LaunchContext): Launch {
  const { agent, incarnation, url, folder } = context
  const mission = join(folder, 'mission.txt')
  writeAtomic(mission, context.briefing)
  const values = { mission, model: agent.model ?? descriptor.defaultModel, mcp_url: `${url}/mcp` }
  const argv = [descriptor.binary, ...descriptor.args.flatMap((argument) => fill(argument, values)), ...agent.args]
  const env = { ...context.env, ...descriptor.env, TROUPE_MISSION: mission }
  return { spec: { address: agent.address, incarnation, argv, env, cwd: agent.cwd }, session: null, notices: notices(descriptor, context) }
}

function fill(argument: string, values: Record<string, string | null>): string[] {
  const named = Object.entries(values).filter(([name]) => argument.includes(`{${name}}`))
  if (named.some(([, value]) => value === null)) return []
  return [named.reduce((filled, [name, value]) => filled.replaceAll(`{${name}}`, () => value ?? ''), argument)]
}

function notices(descriptor: RuntimeDescriptor, { agent }: LaunchContext): string[] {
  const found: string[] = []
  if (!descriptor.args.some((argument) => argument.includes('{mission}'))) {
    found.push(`${agent.runtime} is not told its role: put {mission} into args, or let it read the file in TROUPE_MISSION`)
  }
  if (agent.model !== null && !descriptor.args.some((argument) => argument.includes('{model}'))) {
    found.push(`${agent.runtime} is not told its model ${agent.model}: put {model} into args`)
  }
  if (descriptor.sessionResume !== null) found.push(`session_resume of ${agent.runtime} is not used: every start is a new conversation`)
  const { permissionMode, autonomy } = agent
  const empty = [...(permissionMode === 'plan' || permissionMode === 'confirm' ? [`permission_mode ${permissionMode}`] : []), ...(autonomy === 'proposal_only' ? ['autonomy proposal_only'] : [])]
  for (const promise of empty) found.push(`${promise} holds nothing here: ${agent.runtime} does not tell of its tool calls`)
  return found
}
