import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'

/** One command as data: help, completion, docs/cli.md and the parser are made from it. */
export interface Command {
  name: string
  alias?: string
  /** One line, no full stop. */
  about: string
  /** Commander's syntax: `<agent>`, `[agents...]`, with a line about it. */
  args?: [string, string][]
  options?: [string, string][]
  /** Command line after `troupe `, and what it does. */
  examples?: [string, string][]
  /** Sentences that the help shows below the options. */
  more?: string
  /** Returns the exit code, 0 if nothing. Imports its file only when called. */
  run?: (cli: Cli, given: Given) => Promise<number | void>
  commands?: Command[]
  hidden?: boolean
}

export interface Group {
  title: string
  commands: Command[]
}
