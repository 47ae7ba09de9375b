import type { ModelFormat, ModelWay } from '../core/runtime.ts'

type Key = ModelWay['keys'][number]

const bare = (key: string): string => key
const asBearer = (key: string): string => `Bearer ${key}`
const bearer = (variable: string): Key => ({ variable, header: 'authorization', value: asBearer })
const google = (variable: string): Key => ({ variable, header: 'x-goog-api-key', value: bare })
const anthropicKey: Key = { variable: 'ANTHROPIC_API_KEY', header: 'x-api-key', value: bare }

export const claudeWay: ModelWay = {
  formats: ['messages'],
  root: 'https://api.anthropic.com',
  version: '',
  rootVariable: 'ANTHROPIC_BASE_URL',
  keys: [anthropicKey, bearer('ANTHROPIC_AUTH_TOKEN')],
  recordsById: true,
}

export const codexWay: ModelWay = {
  formats: ['responses'],
  root: 'https://api.openai.com/v1',
  version: '/v1',
  rootVariable: 'OPENAI_BASE_URL',
  keys: [bearer('OPENAI_API_KEY')],
  recordsById: true,
}

/** Its key for AI Studio alone: Vertex has paths and logins of its own. */
export const geminiWay: ModelWay = {
  formats: ['generate'],
  root: 'https://generativelanguage.googleapis.com',
  version: '',
  rootVariable: 'GOOGLE_GEMINI_BASE_URL',
  keys: [google('GEMINI_API_KEY')],
  recordsById: false,
}

/** Formats, address and keys of OpenCode's providers, by the name that stands before the model's. Addresses as models.dev and each provider's own pages have them. */
const providers: Readonly<Record<string, { formats: readonly [ModelFormat, ...ModelFormat[]]; root: string; keys: readonly Key[] }>> = {
  anthropic: { formats: ['messages'], root: 'https://api.anthropic.com/v1', keys: [anthropicKey] },
  openai: { formats: ['responses', 'chat'], root: 'https://api.openai.com/v1', keys: [bearer('OPENAI_API_KEY')] },
  google: { formats: ['generate'], root: 'https://generativelanguage.googleapis.com/v1beta', keys: [google('GEMINI_API_KEY'), google('GOOGLE_GENERATIVE_AI_API_KEY')] },
  openrouter: { formats: ['chat', 'responses'], root: 'https://openrouter.ai/api/v1', keys: [bearer('OPENROUTER_API_KEY')] },
  groq: { formats: ['chat'], root: 'https://api.groq.com/openai/v1', keys: [bearer('GROQ_API_KEY')] },
  deepseek: { formats: ['chat'], root: 'https://api.deepseek.com/v1', keys: [bearer('DEEPSEEK_API_KEY')] },
  mistral: { formats: ['chat'], root: 'https://api.mistral.ai/v1', keys: [bearer('MISTRAL_API_KEY')] },
  xai: { formats: ['chat', 'responses'], root: 'https://api.x.ai/v1', keys: [bearer('XAI_API_KEY')] },
}

export const opencodeProviders: readonly string[] = Object.keys(providers)

/** The one before the slash; null where none is named, or it is not known here. */
export function opencodeProvider(model: string | null): string | null {
  const name = model?.includes('/') === true ? (model.split('/')[0] ?? '') : ''
  return Object.hasOwn(providers, name) ? name : null
}

export function opencodeWay(model: string | null): ModelWay | null {
  const name = opencodeProvider(model)
  const provider = name === null ? undefined : providers[name]
  return provider === undefined ? null : { ...provider, version: new URL(provider.root).pathname.replace(/^.*(?=\/v\d)/, ''), rootVariable: null, recordsById: false }
}
