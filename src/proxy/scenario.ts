/**
 * A scenario: what the scripted model does for each agent. It knows no wire format, so the same file
 * drives every agent CLI and the scripted agent.
 */
export interface Scenario {
  name: string
  about: string
  /** By `project:agent`, `agent` (of any project), or `*`; the closer name's rules are tried first. */
  scripts: Record<string, Script>
}

export interface Script {
  rules: Rule[]
  /** For text that no rule fits. Null where the file does not say. */
  otherwise: Step[] | null
}

export interface Rule {
  /** Returns the capture groups (first: the whole match), or null. Absent: every text. */
  when: ((text: string) => string[] | null) | null
  /** Mail of this sender only: `user`, a short name, or `project:agent`. */
  from: string | null
  steps: Step[]
}

/** `outputTokens`: as many as the answer is said to have, for what it costs; absent: those of its words. */
export type Step =
  | { do: 'tool'; tool: string; args: Record<string, unknown>; text: string; delay: number; outputTokens?: number }
  | { do: 'text'; text: string; delay: number; outputTokens?: number }
  | { do: 'fail'; how: Failure; times: number; delay: number }

/** Ways in which a model API fails. */
export type Failure =
  | { kind: 'status'; status: number; headers: Record<string, string>; message: string }
  /** An allowance is used up, and given again after so many seconds; each provider has words of its own for it. */
  | { kind: 'limit'; seconds: number }
  /** The connection breaks: before the first byte of the body, or in the middle of the answer. */
  | { kind: 'drop'; midway: boolean }
  /** An error event inside an answer that began well. */
  | { kind: 'error'; error: InStreamError }
  /** No answer until the caller hangs up. */
  | { kind: 'never' }

export type InStreamError = 'overloaded' | 'api' | 'rate_limit'

const silent: Step[] = [{ do: 'text', text: 'ok', delay: 0 }]

/** The rules that count for one agent, in the order in which they are tried. */
export function scriptFor(scenario: Scenario, agent: string): { rules: Rule[]; otherwise: Step[] } {
  const scripts = [agent, agent.slice(agent.indexOf(':') + 1), '*'].flatMap((name) => scenario.scripts[name] ?? [])
  return {
    rules: scripts.flatMap((script) => script.rules),
    otherwise: scripts.find((script) => script.otherwise !== null)?.otherwise ?? silent,
  }
}
