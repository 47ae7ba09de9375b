import { TroupeError } from '../core/error.ts'
import type { Home } from '../core/retention.ts'
import type { AgentSetting, Health, Host, ModelWay, Runtime } from '../core/runtime.ts'
import type { Agent, Mode, RuntimeDescriptor } from '../core/team.ts'
import { claudeWay, codexWay, geminiWay, opencodeProviders, opencodeWay } from './ways.ts'
import { judged, providers, unknown, within, type Provider, type ProviderHealth } from './providers.ts'

export { notAModel } from './models.ts'
export { isPriced } from './prices.ts'
export { isViable, providerNamed, providers, type Provider, type ProviderHealth } from './providers.ts'
export { seenVersions } from './seen.ts'

/** Makes a runtime; `descriptor` is the team's own file for that name, if there is one. Each mode has abilities of its own. */
export type MakeRuntime = (descriptor: RuntimeDescriptor | null, mode: Mode) => Runtime

interface Entry {
  /** As its abilities say, which are loaded later. */
  uses?: readonly AgentSetting[]
  /** Absent while nothing is behind the word. */
  load?: () => Promise<MakeRuntime>
  /** How it can run; absent: in a terminal only. */
  modes?: readonly Mode[]
  /** Absent where model calls cannot go through troupe. By the model where the CLI knows several providers; `null`: not with this one. */
  way?: ModelWay | ((model: string | null) => ModelWay | null)
  /** Its abilities say so too, and the contract suite compares. */
  gate?: true
  /** What it keeps outside of a team's root for the agents of that root. */
  homes?: (host: Host, root: string) => Promise<Home[]>
  /** Environment variables that this CLI reads for itself: handed to its agents, and to no other. */
  env: readonly string[]
}

/** Of the hundreds of providers that OpenCode knows, those with the most users. */
const opencodeEnv = [
  ...['OPENCODE_API_KEY', 'OPENCODE_CONFIG', 'ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY', 'OPENROUTER_API_KEY', 'GROQ_API_KEY', 'DEEPSEEK_API_KEY'],
  ...['MISTRAL_API_KEY', 'XAI_API_KEY', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION', 'AWS_PROFILE', 'AWS_BEARER_TOKEN_BEDROCK'],
]

/** YAML word → runtime, loaded when it is first needed. One line for each. */
const runtimes: Readonly<Record<string, Entry>> = {
  'claude-code': {
    load: async () => (await import('./claude/index.ts')).claude,
    gate: true,
    modes: ['terminal', 'protocol', 'oneshot'],
    way: claudeWay,
    uses: ['effort', 'hooks', 'mcps', 'skills', 'subagents', 'ultracode'],
    env: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_BASE_URL', 'CLAUDE_CODE_OAUTH_TOKEN', 'CLAUDE_CONFIG_DIR'],
  },
  scripted: { load: async () => (await import('./scripted.ts')).scripted, modes: ['terminal', 'oneshot'], gate: true, uses: [], env: [] },
  codex: {
    load: async () => (await import('./codex/index.ts')).codex,
    modes: ['terminal', 'protocol', 'oneshot'],
    gate: true,
    uses: ['effort', 'mcps'],
    way: codexWay,
    homes: async ({ home }, root) => await (await import('./codex/home.ts')).homesOf(home, root),
    env: ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'CODEX_HOME'],
  },
  gemini: {
    load: async () => (await import('./gemini/index.ts')).gemini,
    modes: ['terminal', 'oneshot'],
    gate: true,
    uses: ['mcps'],
    way: geminiWay,
    env: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GEMINI_BASE_URL', 'GOOGLE_CLOUD_PROJECT', 'GOOGLE_CLOUD_LOCATION', 'GOOGLE_GENAI_USE_VERTEXAI', 'GOOGLE_APPLICATION_CREDENTIALS', 'GEMINI_CLI_HOME', 'GEMINI_TELEMETRY_ENABLED'],
  },
  opencode: {
    load: async () => (await import('./opencode/index.ts')).opencode,
    gate: true,
    modes: ['terminal', 'oneshot'],
    uses: ['effort', 'mcps', 'skills'],
    way: opencodeWay,
    env: opencodeEnv,
  },
  acp: { load: async () => (await import('./acp/index.ts')).acp, modes: ['protocol'], uses: ['mcps'], env: [] },
}

/** Runs what `runtimes/<name>.yaml` of a team describes. */
const described: Entry = {
  load: async () => {
    const [{ acp }, { generic }] = await Promise.all([import('./acp/index.ts'), import('./generic.ts')])
    return (descriptor, mode) => (descriptor?.protocol === 'acp' ? acp(descriptor, mode) : generic(descriptor))
  },
  env: [],
}

const words = Object.keys(runtimes)

/** What config needs to know of this folder. */
export const runtimeNames = {
  default: 'claude-code',
  ready: words.filter((word) => runtimes[word]?.load !== undefined),
  planned: words.filter((word) => runtimes[word]?.load === undefined),
  gated: words.filter((word) => runtimes[word]?.gate === true),
  proxied: words.filter((word) => runtimes[word]?.way !== undefined),
  modes: Object.fromEntries(words.flatMap((word) => (runtimes[word]?.modes === undefined ? [] : [[word, runtimes[word].modes]]))),
  uses: Object.fromEntries(words.flatMap((word) => (runtimes[word]?.uses === undefined ? [] : [[word, runtimes[word].uses]]))),
}

/** Names of variables that the runtime of this name reads for itself. */
export function runtimeVariables(name: string): readonly string[] {
  return (runtimes[name] ?? described).env
}

/** How the model calls of such an agent go through troupe. Throws `config` where they cannot. */
export function modelWay({ runtime, model }: Pick<Agent, 'runtime' | 'model'>): ModelWay {
  const way = Object.hasOwn(runtimes, runtime) ? runtimes[runtime]?.way : undefined
  const found = typeof way === 'function' ? way(model) : way
  if (found !== undefined && found !== null) return found
  if (way === undefined) throw new TroupeError('config', `the model calls of ${runtime} cannot go through troupe`, { hint: 'take metering: proxy out' })
  throw new TroupeError('config', `the model calls of ${runtime} with ${model === null ? 'no model named' : `the model ${model}`} cannot go through troupe`, {
    hint: `name its \`model\` as provider/model, of ${opencodeProviders.join(', ')}, or take metering: proxy out`,
  })
}

/** Loads the code of every runtime, so that none is looked for on disk later. */
export async function preloadRuntimes(): Promise<void> {
  await Promise.all([...Object.values(runtimes), described].map(({ load }) => load?.()))
}

/** The runtime an agent names; the generic one where only a descriptor says what to run. */
export async function loadRuntime(name: string, descriptor: RuntimeDescriptor | null, mode: Mode): Promise<Runtime> {
  const own = Object.hasOwn(runtimes, name) ? runtimes[name] : undefined
  const load = own?.load ?? (descriptor === null ? undefined : described.load)
  if (load === undefined) {
    throw new TroupeError('config', `the runtime \`${name}\` cannot be used in this version`, {
      hint: `use one of ${runtimeNames.ready.join(', ')}, or describe the command in runtimes/${name}.yaml`,
    })
  }
  return (await load())(descriptor, mode)
}

/** Those that find a conversation by its id. */
export async function runtimesThatFind(): Promise<string[]> {
  const all = await Promise.all(runtimeNames.ready.map(async (name) => ({ name, runtime: await loadRuntime(name, null, 'terminal') })))
  return all.filter(({ runtime }) => runtime.findConversation !== undefined).map(({ name }) => name)
}

/** What all of them keep outside of a team's root for the agents of that root, those that left included. */
export async function homesFor(host: Host, root: string): Promise<Home[]> {
  return (await Promise.all(Object.values(runtimes).map(async ({ homes }) => (await homes?.(host, root)) ?? []))).flat()
}

/** As the runtime of this name says; one that cannot be used, throws or does not answer has a problem. */
export async function healthOf(host: Host, name: string, descriptor: RuntimeDescriptor | null): Promise<Health> {
  return await within(async () => await (await loadRuntime(name, descriptor, 'terminal')).health(host))
}

/** Which of them can be used here, all asked at the same time. */
export async function probeProviders(host: Host, asked: readonly Provider[] = providers): Promise<ProviderHealth[]> {
  const look = async ({ runtime }: Provider): Promise<Health> =>
    runtimes[runtime]?.load === undefined ? unknown('this version of troupe cannot run it', 'another of them') : await healthOf(host, runtime, null)
  return await Promise.all(asked.map(async (each) => judged(each, await look(each))))
}
