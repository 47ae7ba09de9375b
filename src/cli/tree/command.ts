import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import type { Syntax } from './syntax.ts'

/** One command as data: help, completion, docs/cli.md and the parser are made from it. */
export interface Command extends Syntax {
  /** Returns the exit code, 0 if nothing. Imports its file only when called. */
  run?: (cli: Cli, given: Given) => Promise<number | void>
  commands?: Command[]
}

export interface Group {
  title: string
  commands: Command[]
}
