import { mkdirSync, rmSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { TroupeError } from '../../core/error.ts'
import type { Launch, LaunchContext } from '../../core/runtime.ts'
import { writeAtomic } from '../../util/atomic-write.ts'
import { laneArgv } from '../lane/start.ts'
import { checkArgs, checkBeforehand } from './beforehand.ts'
import { config, type Provider } from './config.ts'
import { codexFiles, writeLaunched } from './files.ts'
import { findRollout, homeOf, markHome, personsHome, type CodexHome } from './home.ts'
import { hasCredentials, hasLogin, linkLogin, noCredentials, providerByKey } from './login.ts'
import { chooseMode } from './mode.ts'
import { nothing, personal, told, trusts, type Personal } from './person.ts'
import { startedIn } from './rollout.ts'

/** Its modes that troupe can drive. */
export type CodexMode = 'terminal' | 'protocol' | 'oneshot'

/** What would lead Codex past the scripted model of a rehearsal, or to the person's own state. */
const leadsOut = /^(OPENAI_|CODEX_|AZURE_|AWS_)/

/**
 * An app-server of its own for each incarnation, and the terminal as one that is connected to it: troupe is another. Codex's
 * shared daemon would outlive the terminal, hold the conversations of several, and copy itself into each home.
 */
export const launcher = (how: CodexMode) => async (context: LaunchContext): Promise<Launch> => await launch(context, how)

async function launch(context: LaunchContext, how: CodexMode): Promise<Launch> {
  const { agent, health, host, rehearsal } = context
  if (health.program === null || health.problem !== null) {
    const problem = health.problem ?? { why: 'Codex is not installed', fix: 'install it' }
    throw new TroupeError('config', problem.why, { hint: problem.fix })
  }
  const files = codexFiles(context.folder)
  const cwd = await realpath(agent.cwd)
  const home = homeOf(host.home, { root: context.team.root, address: agent.address, rehearsal })
  const own = await personal(host.home, context.env)
  // A scripted model is nobody's, and what goes through troupe has one way.
  const given = rehearsal || context.proxied ? nothing : own
  const provider = await chooseProvider(context, home, given)
  const mode = chooseMode(agent.permissionMode, host)
  const trusted = !rehearsal && trusts(own, cwd)
  const conversation = await chooseConversation(context, home, cwd)
  mkdirSync(home.folder, { recursive: true, mode: 0o700 })
  markHome(home, { root: context.team.root, address: agent.address })
  writeAtomic(home.config, config(context, { home, cwd, mode, trusted, provider, personal: given }))
  checkArgs(agent.args)
  const env = { ...environment(context, home), ...given.secrets }
  if (how === 'oneshot') await checkBeforehand({ program: health.program, args: agent.args, env, cwd, config: home.config })
  writeLaunched(files, { home: home.folder, session: conversation.session, holdMs: context.team.hitl.holdMs })
  return {
    spec: {
      address: agent.address,
      incarnation: context.incarnation,
      argv: argvs[how](context, health.program, { home, log: files.log, session: conversation.session }),
      env,
      cwd,
    },
    session: conversation.session,
    notices: [...mode.notices, ...conversation.notices, ...told(given)],
  }
}

interface Start {
  home: CodexHome
  log: string
  /** To be resumed. */
  session: string | null
}

const argvs: Readonly<Record<CodexMode, (context: LaunchContext, program: string, start: Start) => string[]>> = {
  terminal: ({ agent, programs }, program, { home, log, session }) => {
    const address = `unix://${home.socket}`
    const server = [program, 'app-server', '--listen', address]
    const face = [program, ...(session === null ? [] : ['resume', session]), '--remote', address, ...agent.args]
    return [programs.node, programs.pair, home.socket, log, String(server.length), ...server, ...face]
  },
  // The conversation is named over the protocol.
  protocol: (context, program) => laneArgv(context, { view: 'app-server', argv: [program, 'app-server', ...context.agent.args] }),
  oneshot: (context, program, { session }) => {
    const resumed = session === null ? [] : ['resume', session]
    const argv = [program, 'exec', ...resumed, '--json', '--skip-git-repo-check', ...context.agent.args, '-']
    return laneArgv(context, { view: 'exec-json', argv, input: context.agent.task ?? '' })
  },
}

async function chooseProvider(context: LaunchContext, home: CodexHome, given: Personal): Promise<Provider | null> {
  if (context.rehearsal) return { url: `${context.url}/model/v1`, key: 'TROUPE_AGENT_TOKEN', retries: 2 }
  const { host, env } = context
  // What an earlier start linked there is of no use to it now.
  if (context.proxied) rmSync(home.auth, { force: true })
  if (context.proxied) return { url: `${context.url}/model/v1`, key: 'TROUPE_AGENT_TOKEN' }
  if (!(await hasCredentials(host.home, env, given))) throw noCredentials(given)
  const provider = await providerByKey(host.home, env, given)
  mkdirSync(home.folder, { recursive: true, mode: 0o700 })
  if (provider === null && (await hasLogin(host.home, env))) linkLogin(home.auth, join(personsHome(host.home, env), 'auth.json'))
  return provider
}

interface Conversation {
  /** To be resumed. */
  session: string | null
  notices: string[]
}

/** Codex names a new conversation by itself, and refuses to resume one that it does not know. */
async function chooseConversation({ session }: LaunchContext, home: CodexHome, cwd: string): Promise<Conversation> {
  const file = session === null ? null : await findRollout(home, session)
  if (session === null || file === null) return { session: null, notices: [] }
  const place = await startedIn(file)
  if (place === cwd) return { session, notices: [] }
  return { session: null, notices: [`conversation ${session} belongs to another folder and was not taken up: this is a fresh one`] }
}

function environment(context: LaunchContext, home: CodexHome): Record<string, string> {
  const own = { CODEX_HOME: home.folder }
  if (!context.rehearsal && !context.proxied) return { ...context.env, ...own }
  // A key of the person's own must not reach a scripted model, and stays with troupe where that sets it on the way.
  return { ...Object.fromEntries(Object.entries(context.env).filter(([name]) => !leadsOut.test(name))), ...own }
}
