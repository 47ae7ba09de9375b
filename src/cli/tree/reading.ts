import type { Command } from './command.ts'

type Run = NonNullable<Command['run']>

/** For commands that people read an answer from: it says so when the environment, not the folder they are in, chose the team. */
export function reading(run: Run): Run {
  return async (cli, given) => {
    cli.warnOfOverride()
    return await run(cli, given)
  }
}
