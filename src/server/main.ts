import { parseArgs } from 'node:util'
import { processEnvironment } from '../config/environment.ts'
import { TroupeError, toShape } from '../core/error.ts'
import { checkVersions } from '../store/versions.ts'
import { programPath } from '../util/programs.ts'

/**
 * `daemon --root R [--values-on-stdin] [--no-keeper]`: troupe's long-running process, one per team root.
 * `daemon --check FILE`: looks whether a database is sound, without writing to it, prints the answer as JSON, and ends.
 */
const { values } = parseArgs({
  options: { root: { type: 'string' }, 'values-on-stdin': { type: 'boolean' }, 'no-keeper': { type: 'boolean' }, check: { type: 'string' } },
})

async function main(root: string | undefined): Promise<number> {
  try {
    if (root === undefined) throw new TroupeError('usage', 'the daemon needs --root; it is started by troupe itself')
    checkVersions()
  } catch (error) {
    process.stderr.write(`${JSON.stringify({ level: 60, msg: 'the daemon cannot start', failure: toShape(error) })}\n`)
    return 1
  }
  // Loaded after the check: an older Node fails on these imports already, and would not say why.
  const [{ runDaemon }, { compose }] = await Promise.all([import('./run.ts'), import('../daemon/compose.ts')])
  return runDaemon({
    root,
    env: processEnvironment(),
    values: values['values-on-stdin'] === true ? process.stdin : null,
    keeper: values['no-keeper'] !== true,
    program: programPath('daemon'),
    compose,
  })
}

async function check(file: string): Promise<number> {
  const { checkDatabase } = await import('../store/check.ts')
  process.stdout.write(`${JSON.stringify(checkDatabase(file))}\n`)
  return 0
}

process.exit(values.check === undefined ? await main(values.root) : await check(values.check))
