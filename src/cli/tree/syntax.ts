/** How a command is written: what help, completion and the parser need, and nothing that runs. */
export interface Syntax {
  name: string
  alias?: string
  /** One line, no full stop. */
  about: string
  /** Commander's syntax: `<agent>`, `[agents...]`, with a line about it. */
  args?: [string, string][]
  /** Flags and a line about them; one that ends in `...` may be given several times, each with one value. */
  options?: [string, string][]
  /** Command line after `troupe `, and what it does. */
  examples?: [string, string][]
  /** Sentences that the help shows below the options. */
  more?: string
  commands?: Syntax[]
  hidden?: boolean
}

/** As the parser library has it: it knows no option that repeats without taking the words after it. */
export function repeats(flags: string): { flags: string; many: boolean } {
  return flags.endsWith('...') ? { flags: flags.slice(0, -3), many: true } : { flags, many: false }
}

export const watch: [string, string] = ['-w, --watch', 'show it anew whenever it changes, until Ctrl-C']

/** The whole command line. */
export interface Language {
  commands: Syntax[]
  /** Options that may stand anywhere. */
  options: [string, string][]
}

/** Projects and agents alike. */
export const names: [string, string] = ['[names...]', 'projects and agents (project:agent, or a short name); all if none is named']

/** Flags of commands that end agents. */
export function drain(flag: 'drain' | 'timeout'): [string, string][] {
  return [
    [`--${flag} <duration>`, 'how long a running turn may take before that (default supervisor.drain_timeout_secs)'],
    ['--now', 'at once: a running turn is cut off'],
  ]
}
