import type { AgentSetting } from '../core/runtime.ts'
import type { Mode } from '../core/team.ts'

/** What a plug-in folder tells of itself: the words it adds to YAML. */
export interface Words {
  /** Taken where the YAML says nothing. */
  default: string
  /** Usable now. */
  ready: readonly string[]
  /** Understood, with nothing behind them in this version. */
  planned: readonly string[]
}

export interface RuntimeWords extends Words {
  /** Those that ask for leave before each tool call. */
  gated: readonly string[]
  /** Those whose model calls can go through troupe. */
  proxied: readonly string[]
  /** How each of them can run; those that are not named, in a terminal only. */
  modes: Readonly<Record<string, readonly Mode[]>>
  /** What each of them acts upon of what an agent's keys may ask. */
  uses: Readonly<Record<string, readonly AgentSetting[]>>
}

/** The words of every plug-in folder, handed to `load` so that config depends on none of them. */
export interface Known {
  runtimes: RuntimeWords
  supervisors: Words
  gateways: Words
}
