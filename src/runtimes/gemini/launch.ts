import { randomBytes, randomUUID } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { TroupeError } from '../../core/error.ts'
import type { Launch, LaunchContext } from '../../core/runtime.ts'
import { writeAtomic } from '../../util/atomic-write.ts'
import { taskLaunch } from '../lane/task.ts'
import { geminiFiles, makeFolders, writeJson, type GeminiFiles } from './files.ts'
import { lookInto } from './foreign.ts'
import { authType, linkPersons, personsFolder, personsSettings, type AuthType } from './home.ts'
import { approvalMode, policy } from './mode.ts'
import { findSession, hasPrompts, isSessionId } from './record.ts'
import { settings } from './settings.ts'

/** What would lead the CLI past troupe: to another than the scripted model of a rehearsal, or uncounted to its provider. */
const leadsOut = /^(GEMINI_|GOOGLE_|CODE_ASSIST_|CLOUD_SHELL$|CLOUDSDK_)/

/** What a folder's .env could set where the environment has nothing: present, it cannot. */
const pinned = ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_CLOUD_PROJECT', 'GOOGLE_CLOUD_LOCATION'] as const

export async function launch(context: LaunchContext): Promise<Launch> {
  const { health, agent } = context
  if (health.program === null || health.problem !== null) {
    const problem = health.problem ?? { why: 'Gemini CLI is not installed', fix: 'install it' }
    throw new TroupeError('config', problem.why, { hint: problem.fix })
  }
  const files = geminiFiles(context.folder)
  makeFolders(files)
  const cwd = await realpath(agent.cwd)
  const persons = personsFolder(context.host)
  const auth = await login(context, persons)
  await linkPersons(files, persons, context.rehearsal)
  const conversation = await chooseConversation(context, files)
  writeJson(files.settings, settings({ context, spool: files.spool, auth, persons: context.rehearsal ? {} : await personsSettings(persons), nonce: randomBytes(6).toString('base64url') }))
  writeAtomic(files.briefing, context.briefing)
  writeAtomic(files.policy, policy(context))
  writeJson(files.launched, { session: conversation.session, holdMs: context.team.hitl.holdMs })
  const flags = [health.program, '--skip-trust', '--approval-mode', approvalMode(agent.permissionMode), '--policy', files.policy, ...(agent.model === null ? [] : ['--model', agent.model])]
  const notices = [...conversation.notices, ...(await lookInto(cwd)).map(({ file, what }) => `${file} ${what}`)]
  const { session } = conversation
  const env = environment(context, files)
  const argv = [...flags, ...conversation.flags, ...agent.args]
  // Its standard input is none of a terminal: it then does what stands there, and ends.
  if (agent.mode === 'oneshot') return taskLaunch(context, { view: 'stream-json', argv: [...argv, '--output-format', 'stream-json'], env, cwd, session, notices })
  return { spec: { address: agent.address, incarnation: context.incarnation, argv, env, cwd }, session, notices }
}

async function login({ rehearsal, proxied, env }: LaunchContext, persons: string): Promise<AuthType> {
  const found = rehearsal || proxied ? 'gemini-api-key' : await authType(env, persons)
  if (found !== null) return found
  throw new TroupeError('config', 'Gemini CLI has no key and no login', { hint: 'set GEMINI_API_KEY, or run `gemini` once and log in' })
}

interface Conversation {
  session: string
  flags: string[]
  notices: string[]
}

/** The CLI refuses an id that has a session file, and to resume one that has none: the file decides. One without an answer in it holds nothing to resume. */
async function chooseConversation({ session: wanted }: LaunchContext, files: GeminiFiles): Promise<Conversation> {
  if (wanted === null || !isSessionId(wanted)) return begin(randomUUID(), [])
  const file = await findSession(files.tmp, wanted)
  if (file === null) return begin(wanted, [])
  if (await hasPrompts(file)) return { session: wanted, flags: ['--resume', wanted], notices: [] }
  return begin(randomUUID(), [`conversation ${wanted} holds no answer yet and was not taken up: this is a fresh one`])
}

function begin(session: string, notices: string[]): Conversation {
  return { session, flags: ['--session-id', session], notices }
}

function environment(context: LaunchContext, files: GeminiFiles): Record<string, string> {
  const ours = {
    GEMINI_CLI_HOME: files.home,
    // One process instead of two: the second is for more memory than Node takes by itself.
    GEMINI_CLI_NO_RELAUNCH: 'true',
    // Its input box is told by the frame that it draws with many colours; the terminal turns them into those it has.
    COLORTERM: 'truecolor',
    GEMINI_TELEMETRY_ENABLED: context.env['GEMINI_TELEMETRY_ENABLED'] ?? 'false',
  }
  const { NO_COLOR: _, ...env } = context.env
  if (!context.rehearsal && !context.proxied) return { ...withPinned(env), ...ours }
  // A key of the person's own must not reach a scripted model, and stays with troupe where that sets it on the way.
  const rest = Object.fromEntries(Object.entries(env).filter(([name]) => !leadsOut.test(name)))
  return withPinned({ ...rest, ...ours, GOOGLE_GEMINI_BASE_URL: `${context.url}/model`, GEMINI_API_KEY: context.env['TROUPE_AGENT_TOKEN'] ?? '' })
}

/** An empty value counts as none for the CLI, and keeps a foreign one out. */
function withPinned(env: Record<string, string>): Record<string, string> {
  return { ...Object.fromEntries(pinned.map((name) => [name, ''])), ...env }
}
