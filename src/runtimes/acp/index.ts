import { TroupeError } from '../../core/error.ts'
import type { Abilities, Health, Launch, LaunchContext, Runtime } from '../../core/runtime.ts'
import type { Mode, RuntimeDescriptor } from '../../core/team.ts'
import { Installed, unusable } from '../installed.ts'
import { laneArgv } from '../lane/start.ts'
import { writeLaunched } from './files.ts'
import { AcpSession } from './session.ts'

/**
 * What is common to all agents that speak the protocol. It asks for leave when the agent thinks that it should, so that no call
 * can be promised to be held; a prompt in the middle of a turn ends that turn with some, so that none is given.
 */
const abilities: Abilities = {
  resume: true,
  proofs: ['protocol', 'tool'],
  rungs: { idle: ['push', 'fetch'], busy: ['fetch'], waiting: [] },
  interrupt: true,
  images: { message: ['push'], tool: false },
  usage: 'told',
  mcp: true,
  compact: false,
  gate: false,
  prompts: true,
  retries: false,
  resets: false,
  settings: ['mcps'],
}

/** Any agent of the Agent Client Protocol: `runtimes/<name>.yaml` with `protocol: acp`, or `runtime: acp` with the command in `args`. */
export function acp(descriptor: RuntimeDescriptor | null, _mode: Mode = 'protocol'): Runtime {
  const program = descriptor === null ? null : programOf(descriptor)
  return {
    name: descriptor?.name ?? 'acp',
    abilities,
    ...(descriptor?.rehearsalEnv === undefined ? { unrehearsed: true } : {}),
    // Without a description the command is the agent's own: its start tells.
    health: async (host) => (await program?.health(host)) ?? { installed: true, program: null, version: null, features: {}, problem: null },
    launch: (context) => Promise.resolve(launch(descriptor, context)),
    open: (context) => new AcpSession(context),
  }
}

function programOf({ name, binary }: RuntimeDescriptor): Installed {
  const probe = async (file: string, ask: (...args: string[]) => Promise<string>): Promise<Health> => {
    const version = /\d+\.\d+(?:\.\d+)?\S*/.exec(await ask('--version'))
    if (version === null) return unusable(file, `${file} --version did not answer with a version`, `correct \`binary\` in runtimes/${name}.yaml`)
    return { installed: true, program: file, version: version[0], features: {}, problem: null }
  }
  return new Installed({ name: binary, variable: `TROUPE_${name.toUpperCase().replaceAll(/\W/g, '_')}`, install: `install ${binary}`, probe })
}

function launch(descriptor: RuntimeDescriptor | null, context: LaunchContext): Launch {
  const { agent, incarnation, health } = context
  const argv = descriptor === null ? agent.args : [health.program ?? descriptor.binary, ...descriptor.args, ...agent.args]
  if (argv.length === 0) throw new TroupeError('config', '`runtime: acp` needs the command of the agent', { hint: 'write it into `args`, such as [my-agent, --acp]' })
  writeLaunched(context, descriptor?.auth ?? null)
  const env = { ...context.env, ...descriptor?.env, ...(context.rehearsal ? rehearsed(context, descriptor?.rehearsalEnv) : {}) }
  return { spec: { address: agent.address, incarnation, argv: laneArgv(context, { view: 'acp', argv }), env, cwd: agent.cwd }, session: null, notices: [] }
}

function rehearsed({ url, env }: LaunchContext, wanted: Record<string, string> = {}): Record<string, string> {
  const values: Record<string, string> = { TROUPE_MODEL_URL: `${url}/model`, TROUPE_AGENT_TOKEN: env['TROUPE_AGENT_TOKEN'] ?? '' }
  return Object.fromEntries(Object.entries(wanted).map(([name, text]) => [name, text.replaceAll(/\$\{(\w+)\}/g, (written, key: string) => values[key] ?? written)]))
}
