import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { access, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { TroupeError } from '../../core/error.ts'
import type { Launch, LaunchContext } from '../../core/runtime.ts'
import type { Mode } from '../../core/team.ts'
import { writeAtomic } from '../../util/atomic-write.ts'
import { claudeFiles, makeFolders, writeJson, type ClaudeFiles } from './files.ts'
import { claudeHome, findTranscript, isSessionId, type ClaudeHome } from './home.ts'
import { hasCredentials } from './login.ts'
import { chooseMode } from './mode.ts'
import { hasOffers, writePlugin } from './plugin.ts'
import { laneArgv } from '../lane/start.ts'
import { mcpConfig, settings } from './settings.ts'
import { lookInto, pinned } from './strange.ts'
import { startedIn } from './transcript.ts'
import { prepareState, readState, trusts } from './trust.ts'

/** What would lead Claude past the scripted model of a rehearsal, or to the person's own state. */
const leadsOut = /^(ANTHROPIC_|CLAUDE_|AWS_|CLOUD_ML_REGION$|GOOGLE_APPLICATION_CREDENTIALS$)/

/** No updates under a running team, no questions about how it was, nor whether a long conversation shall be resumed whole. */
const quiet = {
  DISABLE_AUTOUPDATER: '1',
  CLAUDE_CODE_DISABLE_FEEDBACK_SURVEY: '1',
  CLAUDE_CODE_RESUME_TOKEN_THRESHOLD: '1000000000',
}

/** How Claude is driven without its screen, see docs/decisions/0012-lanes.md. */
const drivers: Readonly<Record<Exclude<Mode, 'terminal'>, readonly string[]>> = {
  protocol: ['-p', '--input-format', 'stream-json', '--output-format', 'stream-json', '--verbose', '--replay-user-messages', '--permission-prompt-tool', 'stdio'],
  oneshot: ['-p', '--output-format', 'stream-json', '--verbose'],
}

/** For the mode that the runtime was made for. */
export function launcher(mode: Mode): (context: LaunchContext) => Promise<Launch> {
  return async (context) => await launch(context, mode)
}

export async function launch(context: LaunchContext, how: Mode = 'terminal'): Promise<Launch> {
  const { health } = context
  if (health.program === null || health.problem !== null) {
    const problem = health.problem ?? { why: 'Claude Code is not installed', fix: 'install it' }
    throw new TroupeError('config', problem.why, { hint: problem.fix })
  }
  const files = claudeFiles(context.folder)
  makeFolders(files)
  const home = claudeHome(context.host.home, context.rehearsal ? files.rehearsalHome : (context.env['CLAUDE_CONFIG_DIR'] ?? null))
  const cwd = await realpath(context.agent.cwd)
  const ownSettings = await prepareFolder(context, home, cwd)
  const conversation = await chooseConversation(context, home, cwd)
  const env = environment(context, home)
  writeFiles(context, files, await pinned(join(home.folder, 'settings.json'), env))
  writeJson(files.launched, { configDir: home.configDir, session: conversation.session, holdMs: context.team.hitl.holdMs })
  const missing = missingFlags(context)
  const mode = chooseMode(context.agent.permissionMode, context.host, health)
  return {
    spec: {
      address: context.agent.address,
      incarnation: context.incarnation,
      argv: inLane(context, how, [...flags(context, files, { cwd, mode: mode.mode, ownSettings }), ...conversation.flags, ...context.agent.args]),
      env,
      cwd,
    },
    session: conversation.session,
    notices: [...mode.notices, ...conversation.notices, ...missing, ...(await lookInto(cwd)).map(({ file, what }) => `${file} ${what}`)],
  }
}

function inLane(context: LaunchContext, how: Mode, args: string[]): string[] {
  const program = context.health.program ?? ''
  if (how === 'terminal') return [program, ...args]
  const argv = [program, ...drivers[how], ...args]
  return laneArgv(context, { view: 'stream-json', argv, ...(how === 'oneshot' ? { input: context.agent.task ?? '' } : {}) })
}

/**
 * Trust for the folder the compose file names, and only that. Where the trust is ours and not the person's,
 * the folder's own settings, hooks and MCP servers stay out: opening a foreign repository runs nothing of it.
 * Returns whether they may come in.
 */
async function prepareFolder(context: LaunchContext, home: ClaudeHome, cwd: string): Promise<boolean> {
  const state = await readState(home.stateFile)
  const onboarded = state['hasCompletedOnboarding'] === true
  const able = context.rehearsal || (await hasCredentials(context.env, home, state))
  if (!onboarded && !able) {
    throw new TroupeError('config', 'Claude Code was never set up for this user, and there is no key or login', {
      hint: 'run `claude` once and log in, or set ANTHROPIC_API_KEY',
    })
  }
  const mark = trustMark(context, cwd)
  const trusted = trusts(state, cwd)
  if (trusted) return !context.rehearsal && !(await exists(mark))
  // The mark first: whoever finds the trust finds whose it is.
  mkdirSync(dirname(mark), { recursive: true, mode: 0o700 })
  writeAtomic(mark, `${cwd}\n`)
  await prepareState(home.stateFile, { cwd, onboarded: able }, context.host.clock)
  return false
}

/** A file for each folder that troupe, not the person, told Claude to trust. Beside the agents' folders, which are troupe's. */
function trustMark(context: LaunchContext, cwd: string): string {
  return join(dirname(context.folder), '.claude-trust', createHash('sha256').update(cwd).digest('hex'))
}

interface Conversation {
  session: string
  flags: string[]
  notices: string[]
}

/**
 * Claude refuses a `--session-id` that has a transcript and a `--resume` that has none, and exits: which one it
 * takes is decided by the file. A conversation of another folder is not taken up: its paths would be wrong.
 */
async function chooseConversation(context: LaunchContext, home: ClaudeHome, cwd: string): Promise<Conversation> {
  const wanted = context.session
  if (wanted === null || !isSessionId(wanted)) return begin(randomUUID(), [])
  const file = await findTranscript(home, wanted)
  if (file === null) return begin(wanted, [])
  const place = await startedIn(file)
  if (place === cwd) return { session: wanted, flags: ['--resume', wanted], notices: [] }
  // Ended before its first prompt was written down: the file is there, the conversation is not.
  const why = place === null ? 'holds no prompt yet' : 'belongs to another folder'
  return begin(randomUUID(), [`conversation ${wanted} ${why} and was not taken up: this is a fresh one`])
}

function begin(session: string, notices: string[]): Conversation {
  return { session, flags: ['--session-id', session], notices }
}

function flags(context: LaunchContext, files: ClaudeFiles, how: { cwd: string; mode: string; ownSettings: boolean }): string[] {
  const { features } = context.health
  const { model, effort } = context.agent
  // --add-dir brings back the folder's CLAUDE.md, which goes with its settings otherwise.
  const strange = ['--setting-sources', 'user', '--add-dir', how.cwd]
  return [
    ...(how.ownSettings || features['settingSources'] !== true ? [] : strange),
    ...['--settings', files.settings, '--mcp-config', files.mcp, '--strict-mcp-config'],
    ...(features['systemPromptFile'] === true ? ['--append-system-prompt-file', files.briefing] : []),
    // Otherwise a resumed conversation keeps the briefing it began with.
    ...(features['freshSystemPrompt'] === true ? ['--system-prompt-snapshot', 'off'] : []),
    ...(hasOffers(context.agent) && features['pluginDir'] === true ? ['--plugin-dir', files.plugin] : []),
    ...['--permission-mode', how.mode],
    ...(model === null ? [] : ['--model', model]),
    ...(effort === null || features['effort'] !== true ? [] : ['--effort', effort]),
  ]
}

/** What the team's files ask for and this version of Claude does not know. */
function missingFlags({ agent, health: { features, version } }: LaunchContext): string[] {
  const wanted: [asked: boolean, feature: string, what: string][] = [
    [hasOffers(agent), 'pluginDir', 'skills and subagents'],
    [agent.effort !== null, 'effort', 'effort'],
  ]
  return wanted.filter(([asked, feature]) => asked && features[feature] !== true).map(([, , what]) => `Claude Code ${version} knows no ${what}: what the team’s files say of it changes nothing`)
}

function writeFiles(context: LaunchContext, files: ClaudeFiles, env: Record<string, string>): void {
  writeJson(files.settings, { ...settings(context, files.spool), env })
  writeJson(files.mcp, mcpConfig(context))
  const offers = context.health.features['pluginDir'] === true ? writePlugin(files.plugin, context.agent) : ''
  writeAtomic(files.briefing, [context.briefing, offers].filter((part) => part !== '').join('\n\n'))
}

function environment(context: LaunchContext, home: ClaudeHome): Record<string, string> {
  const place = home.configDir === null ? {} : { CLAUDE_CONFIG_DIR: home.configDir }
  const claudeMd = { CLAUDE_CODE_ADDITIONAL_DIRECTORIES_CLAUDE_MD: '1' }
  if (!context.rehearsal) return { ...(context.proxied ? throughTroupe(context) : context.env), ...quiet, ...claudeMd, ...place }
  // A key of the person's own must not reach a scripted model, nor the question about it the screen.
  const rest = Object.fromEntries(Object.entries(context.env).filter(([name]) => !leadsOut.test(name)))
  return {
    ...rest,
    ...quiet,
    ...claudeMd,
    ...place,
    ...ownXdg(home),
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    // Otherwise a resumed conversation declares its tools in a form of its own, beside the list that the scripted model reads.
    CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    ANTHROPIC_BASE_URL: `${context.url}/model`,
    // As a bearer there is no question about an API key.
    ANTHROPIC_AUTH_TOKEN: context.env['TROUPE_AGENT_TOKEN'] ?? '',
  }
}

/** The key stays with troupe, which sets it on the way: nothing that this agent runs can read it. */
function throughTroupe({ env, url }: LaunchContext): Record<string, string> {
  const { ANTHROPIC_API_KEY: _key, CLAUDE_CODE_OAUTH_TOKEN: _login, ...rest } = env
  // As a bearer there is no question about an API key.
  return { ...rest, ANTHROPIC_BASE_URL: `${url}/model`, ANTHROPIC_AUTH_TOKEN: env['TROUPE_AGENT_TOKEN'] ?? '' }
}

/** Claude leaves logs of MCP servers and a handler for its links there, whatever CLAUDE_CONFIG_DIR says. */
function ownXdg({ folder }: ClaudeHome): Record<string, string> {
  return { XDG_CACHE_HOME: join(folder, 'cache'), XDG_DATA_HOME: join(folder, 'data'), XDG_STATE_HOME: join(folder, 'state') }
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  )
}
