import { processEnvironment } from '../config/environment.ts'
import { run } from './run.ts'
import { NeedsWholeProgram } from './whole.ts'

/**
 * What `troupe` starts as, once bundled: one small CommonJS file with the everyday commands, because finding and linking
 * modules takes longer than all that these do. Any other command line goes to the whole program, with nothing done so far.
 */
async function start(): Promise<void> {
  const { argv, stdout, stderr } = process
  try {
    process.exitCode = await run({ argv: argv.slice(2), env: processEnvironment(), cwd: process.cwd(), stdin: () => process.stdin, stdout, stderr })
  } catch (error) {
    if (!(error instanceof NeedsWholeProgram)) throw error
    await import('./main.ts')
  }
}

void start()
