import { mkdirSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import { writeAtomic } from '../util/atomic-write.ts'

/**
 * `hook FOLDER`: keeps what an agent CLI tells its command hooks. Standard input goes into one new file of the
 * folder, whole or not at all, named so that names sort by time. Talks to nobody, prints nothing to stdout,
 * and exits 0 whatever happens: a hook must never stop the agent.
 */
const mostBytes = 1024 * 1024

async function main(folder: string | undefined): Promise<void> {
  if (folder === undefined) return complain('no folder was named')
  const said = await text(process.stdin)
  if (said.length > mostBytes) return complain(`more than ${mostBytes} bytes were said`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeAtomic(join(folder, `${String(Date.now()).padStart(15, '0')}-${process.pid}.json`), said)
}

function complain(why: string): void {
  process.stderr.write(`troupe hook: nothing was kept: ${why}\n`)
}

main(process.argv[2]).catch((error: unknown) => complain(error instanceof Error ? error.message : String(error)))
