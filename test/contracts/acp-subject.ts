import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Runtime } from '../../src/core/runtime.ts'
import type { RuntimeDescriptor } from '../../src/core/team.ts'
import { acp } from '../../src/runtimes/acp/index.ts'
import type { RuntimeSubject } from './runtime-subject.ts'

export const clis = fileURLToPath(new URL('../../.clis/bin', import.meta.url))

export function acpDescriptor(name: string, args: string[]): RuntimeDescriptor {
  return { name, binary: name, args, protocol: 'acp', supportsMcp: true, sessionResume: null, defaultModel: null, env: {}, ready: null, busy: null, idle: null, rateLimitPatterns: [] }
}

const quiet = { OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1', OPENCODE_DISABLE_DEFAULT_PLUGINS: '1' }

const models = { 'fake-model': { attachment: true, modalities: { input: ['text', 'image'], output: ['text'] } }, 'fake-small': {} }
const provider = { fake: { npm: '@ai-sdk/openai-compatible', options: { baseURL: '${TROUPE_MODEL_URL}/v1', apiKey: '${TROUPE_AGENT_TOKEN}' }, models } }
const scripted = { provider, model: 'fake/fake-model', small_model: 'fake/fake-small', autoupdate: false, share: 'disabled', enabled_providers: ['fake'], permission: { bash: 'ask' } }

/** OpenCode over ACP, led to the rehearsal as a description says it, its own files in the agent's folder. */
export function openCodeByAcp(descriptor: RuntimeDescriptor): RuntimeSubject {
  const make = (): Runtime => {
    const runtime = acp({ ...descriptor, rehearsalEnv: { OPENCODE_CONFIG_CONTENT: JSON.stringify(scripted) } })
    return {
      ...runtime,
      launch: async (context) => {
        const { spec, ...rest } = await runtime.launch(context)
        const home = join(context.folder, 'home')
        mkdirSync(home, { recursive: true })
        const noModels = join(home, 'models.json')
        writeFileSync(noModels, '{}')
        const xdg = { XDG_CONFIG_HOME: join(home, 'config'), XDG_DATA_HOME: join(home, 'data'), XDG_STATE_HOME: join(home, 'state'), XDG_CACHE_HOME: join(home, 'cache') }
        return { ...rest, spec: { ...spec, env: { ...spec.env, ...quiet, ...xdg, HOME: home, OPENCODE_MODELS_PATH: noModels } } }
      },
    }
  }
  return {
    make,
    env: { TROUPE_OPENCODE: join(clis, 'opencode') },
    shell: (command) => ({ do: 'tool', tool: 'bash', args: { command, description: 'as the test says' }, text: '', delay: 0 }),
    asking: /may it\? .*touch/,
    model: { given: 'fake/fake-model', asked: 'fake-model' },
    limit: { how: () => ({ kind: 'status', status: 402, headers: {}, message: 'insufficient quota' }) },
    tries: 1,
    endless: ['429', '500', 'STREAM'],
    tells: (tokens) => tokens,
  }
}

const rehearsalEnv = { GEMINI_API_KEY: 'none', GOOGLE_GEMINI_BASE_URL: '${TROUPE_MODEL_URL}', GEMINI_CLI_NO_RELAUNCH: 'true' }

/** Gemini CLI over ACP, led to the rehearsal as a description says it. */
export function geminiByAcp(descriptor: RuntimeDescriptor): RuntimeSubject {
  const make = (): Runtime => {
    const runtime = acp({ ...descriptor, rehearsalEnv })
    return {
      ...runtime,
      // More than every agent of the protocol can.
      abilities: { ...runtime.abilities, images: { ...runtime.abilities.images, tool: true } },
      launch: async (context) => {
        const { spec, ...rest } = await runtime.launch(context)
        const own = { GEMINI_CLI_HOME: join(context.folder, 'home') }
        mkdirSync(join(own.GEMINI_CLI_HOME, '.gemini'), { recursive: true })
        earlier(join(own.GEMINI_CLI_HOME, '.gemini', 'tmp', 'work', 'chats'))
        // By itself it asks ten times, seconds apart, and another model which model to take: a call that it does not count.
        writeFileSync(join(own.GEMINI_CLI_HOME, '.gemini', 'settings.json'), JSON.stringify({ general: { maxAttempts: 1 }, model: { name: 'gemini-2.5-flash' } }))
        return { ...rest, spec: { ...spec, env: { ...spec.env, ...own } } }
      },
    }
  }
  return {
    make,
    env: { TROUPE_GEMINI: join(clis, 'gemini') },
    shell: (command) => ({ do: 'tool', tool: 'run_shell_command', args: { command, description: 'as the test says' }, text: '', delay: 0 }),
    asking: /may it\? .*touch/,
    keepsWhatWasSaid: true,
    model: { given: 'gemini-2.5-pro', asked: 'gemini-2.5-pro' },
    limit: { how: () => ({ kind: 'status', status: 429, headers: {}, message: 'You exceeded your current quota.' }) },
    tries: 2,
    drops: 'turn',
    // It asks again at once, without a word.
    endless: ['STREAM'],
    tells: ({ input, cacheRead, ...rest }) => ({ ...rest, input: input + cacheRead, cacheRead: 0 }),
  }
}

/** Gemini CLI overwrites a conversation that is taken up in the minute in which it began: the files have names of that minute. */
function earlier(chats: string): void {
  for (const name of existsSync(chats) ? readdirSync(chats) : []) renameSync(join(chats, name), join(chats, name.replace(/^session-[\dT-]+-/, 'session-2025-01-01T00-00-')))
}
