import { TroupeError } from '../core/error.ts'
import type { Health } from '../core/runtime.ts'
import type { providerWords } from './provider-words.ts'

/** An agent CLI as people name it on a command line, and how it gets there. */
export interface Provider {
  /** Such as `claude`; the YAML word of its runtime may be another. */
  name: string
  runtime: string
  install: string
  login: string
}

export const providers: readonly (Provider & { name: (typeof providerWords)[number] })[] = [
  {
    name: 'claude',
    runtime: 'claude-code',
    install: 'npm install -g @anthropic-ai/claude-code',
    login: 'claude auth login, or set ANTHROPIC_API_KEY',
  },
  {
    name: 'codex',
    runtime: 'codex',
    install: 'npm install -g @openai/codex',
    login: 'codex login',
  },
  {
    name: 'gemini',
    runtime: 'gemini',
    install: 'npm install -g @google/gemini-cli',
    login: 'run gemini once and log in, or set GEMINI_API_KEY',
  },
  {
    name: 'opencode',
    runtime: 'opencode',
    install: 'npm install -g opencode-ai',
    login: 'opencode auth login',
  },
]

/** What `scripted` is to a provider: troupe's own agent, which has no model but a scenario. Taken only where it is named. */
const rehearsed: Provider = { name: 'scripted', runtime: 'scripted', install: 'it comes with troupe', login: 'it needs none' }

/** By its own name or by the YAML word of its runtime. */
export function providerNamed(name: string): Provider | undefined {
  return [...providers, rehearsed].find((each) => each.name === name || each.runtime === name)
}

/** Whether a provider can be used here, and why not. */
export interface ProviderHealth {
  provider: string
  runtime: string
  installed: boolean
  version: string | null
  program: string | null
  /** null: it cannot be told without asking its provider. */
  authenticated: boolean | null
  /** Installed, good enough, and logged in as far as can be told. */
  viable: boolean
  /** Both null where it is viable. */
  why: string | null
  fix: string | null
}

/** A CLI that does not say its version within this is of no use to a team either, ms. */
const probeWithinMs = 25_000

/** Never throws, and never takes long: what fails is a finding. */
export async function within(ask: () => Promise<Health>): Promise<Health> {
  const late = Promise.withResolvers<Health>()
  const timer = setTimeout(() => late.resolve(unknown(`it did not answer within ${probeWithinMs / 1000} s`, 'run it by hand and see what it says')), probeWithinMs)
  const asking = ask().catch((error: unknown) => unknown(error instanceof Error ? error.message : String(error), (error instanceof TroupeError ? error.hint : undefined) ?? 'see what it needs in docs/compatibility.md'))
  return await Promise.race([asking, late.promise]).finally(() => clearTimeout(timer))
}

export function unknown(why: string, fix: string): Health {
  return { installed: false, program: null, version: null, features: {}, problem: { why, fix } }
}

/** Installed, good enough, and logged in as far as can be told. */
export function isViable({ installed, problem, features }: Health): boolean {
  return installed && problem === null && features['authenticated'] !== false
}

export function judged({ name, runtime, install, login }: Provider, health: Health): ProviderHealth {
  const { installed, program, version, features, problem } = health
  const authenticated = features['authenticated'] ?? null
  const found = { provider: name, runtime, installed, version, program, authenticated: installed ? authenticated : null }
  if (problem !== null) return { ...found, viable: false, why: problem.why, fix: problem.fix }
  if (!installed) return { ...found, viable: false, why: 'it is not installed', fix: install }
  if (!isViable(health)) return { ...found, viable: false, why: 'it is not logged in', fix: login }
  return { ...found, viable: true, why: null, fix: null }
}
