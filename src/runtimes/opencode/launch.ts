import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { TroupeError } from '../../core/error.ts'
import type { Launch, LaunchContext } from '../../core/runtime.ts'
import { writeAtomic } from '../../util/atomic-write.ts'
import { taskLaunch } from '../lane/task.ts'
import { config, modelOf, ownAgent } from './config.ts'
import { opencodeFiles, prepareFolder, writeDoor, type OpencodeFiles } from './files.ts'
import { gatePlugin } from './gate-plugin.ts'
import { asksItself, permissionsAlone, teamServer } from './permissions.ts'
import { providerKeys } from './program.ts'
import { lookInto } from './strange.ts'

/** What would lead OpenCode past the scripted model of a rehearsal, or to the person's own state. */
const leadsOut = /^(OPENCODE_|XDG_|[A-Z0-9_]+_API_KEY$|AWS_|AZURE_|GOOGLE_)/

/** No updates under a running team, and no settings of the folder's: plugins there would run without a question. */
const quiet = { OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_PROJECT_CONFIG: '1' }

/** A login of the person's would go before the key that is set, and past troupe. */
const noLogins = { OPENCODE_AUTH_CONTENT: '{}' }

export type OpencodeMode = 'terminal' | 'oneshot'

export function launcher(mode: OpencodeMode): (context: LaunchContext) => Promise<Launch> {
  return async (context) => await launch(context, mode)
}

async function launch(context: LaunchContext, mode: OpencodeMode): Promise<Launch> {
  const { health, agent } = context
  if (health.program === null || health.problem !== null) {
    const problem = health.problem ?? { why: 'OpenCode is not installed', fix: 'install it' }
    throw new TroupeError('config', problem.why, { hint: problem.fix })
  }
  refuse(context)
  const files = opencodeFiles(context.folder)
  prepareFolder(files)
  const cwd = await realpath(agent.cwd)
  const model = modelOf(context)
  const door = { incarnation: context.incarnation, port: mode === 'oneshot' ? 0 : await freePort(), password: randomBytes(24).toString('base64url'), model, session: null }
  writeDoor(files, door)
  const alone = mode === 'oneshot' ? { ...permissionsAlone(agent.permissionMode), agent: ownAgent } : null
  writeAtomic(files.gate, gatePlugin({ sink: `${context.url}/hook`, loaded: files.loaded, asks: asksItself(agent.permissionMode), alone, awayMs }))
  writeAtomic(files.briefing, [context.briefing, ...(agent.permissionMode === 'plan' ? [readOnly] : [])].join('\n\n'))
  // Only a conversation that this agent's own database can hold.
  const session = context.session !== null && isSessionId(context.session) && existsSync(files.database) ? context.session : null
  const flags = [...(model === null ? [] : ['--model', model]), ...(session === null ? [] : ['--session', session]), ...agent.args]
  const env = { ...environment(context, files), OPENCODE_CONFIG_CONTENT: JSON.stringify(config(context, files, cwd)), OPENCODE_SERVER_PASSWORD: door.password, PWD: cwd }
  const notices = await noticesOf(context, cwd)
  if (mode === 'oneshot') {
    // Its own words for the end of a run come as lines of JSON; a title of ours spares a question to the model.
    return taskLaunch(context, { view: 'run-json', argv: [health.program, 'run', '--format', 'json', '--title', agent.address, ...flags], env, cwd, session: null, notices })
  }
  const argv = [health.program, '--hostname', '127.0.0.1', '--port', String(door.port), ...flags]
  // The conversation is made by OpenCode once it runs, where it is a new one.
  return { spec: { address: agent.address, incarnation: context.incarnation, argv, env, cwd }, session: null, notices }
}

async function noticesOf({ agent, ...rest }: LaunchContext, cwd: string): Promise<string[]> {
  const effort = agent.effort !== null && modelOf({ agent, ...rest }) === null ? [`effort ${agent.effort} counts only together with a \`model\`: OpenCode calls it a variant of one`] : []
  return [...effort, ...(await lookInto(cwd)).map(({ file, what }) => `${file} ${what}`)]
}

/** How long a call waits for a daemon that is away. */
const awayMs = 20_000

const readOnly = 'You are in plan mode: read and think, and propose what to do. Change nothing, neither files nor anything else.'

/** What would only show as a strange failure later. */
function refuse({ agent, rehearsal }: LaunchContext): void {
  if (!rehearsal && agent.model !== null && !/^[^/\s]+\/\S+$/.test(agent.model)) {
    throw new TroupeError('config', `the model \`${agent.model}\` of ${agent.address} names no provider`, { hint: 'OpenCode wants provider/model, as `opencode models` lists them' })
  }
  const taken = Object.keys(agent.mcps).find((name) => name === teamServer || name.startsWith(`${teamServer}_`))
  if (taken !== undefined) throw new TroupeError('config', `the MCP server \`${taken}\` of ${agent.address} would pass for the team’s own`, { hint: 'give it another name' })
}

export function isSessionId(text: string): boolean {
  return /^ses_[0-9A-Za-z]+$/.test(text)
}

/** Free a moment ago. Should another program be faster, OpenCode ends or is not found there, and is started again. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new TroupeError('internal', 'no port of this machine could be had')
  return address.port
}

function environment(context: LaunchContext, files: OpencodeFiles): Record<string, string> {
  const own = { ...quiet, OPENCODE_DB: files.database }
  if (context.proxied) return { ...Object.fromEntries(Object.entries(context.env).filter(([name]) => !isKey(name))), ...own, ...noLogins }
  if (!context.rehearsal) return { ...context.env, ...own }
  // A key of the person's own must not reach a scripted model.
  const rest = Object.fromEntries(Object.entries(context.env).filter(([name]) => !leadsOut.test(name)))
  return {
    ...rest,
    ...own,
    ...ownFolders(files.rehearsalHome),
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_MODELS_PATH: noModels(files.rehearsalHome),
    OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
  }
}

/** Of a provider of models; what the agent's tools log in with is theirs. */
function isKey(name: string): boolean {
  return name.endsWith('_API_KEY') && providerKeys.includes(name)
}

/** A list of no models in the place of the one of hundreds of providers that it comes with: reading that is a third of its start. */
function noModels(home: string): string {
  const file = join(home, 'models.json')
  writeAtomic(file, '{}\n')
  return file
}

/** OpenCode installs a package beside each of its configurations, over the network; not where it stands in the lock file. */
function ownFolders(home: string): Record<string, string> {
  const settings = join(home, 'config', 'opencode')
  mkdirSync(join(settings, 'node_modules'), { recursive: true, mode: 0o700 })
  writeAtomic(join(settings, 'package-lock.json'), `${JSON.stringify({ packages: { '': { dependencies: { '@opencode-ai/plugin': '*' } } } })}\n`)
  const xdg = (name: string) => [`XDG_${name.toUpperCase()}_HOME`, join(home, name)]
  return { ...Object.fromEntries(['config', 'data', 'state', 'cache'].map(xdg)), OPENCODE_TEST_HOME: home }
}
