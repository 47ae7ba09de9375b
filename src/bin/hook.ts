import { mkdirSync } from 'node:fs'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import { writeAtomic } from '../util/atomic-write.ts'

/**
 * `hook FOLDER`: keeps what an agent CLI tells its command hooks. Standard input goes into one new file of the
 * folder, whole or not at all, named so that names sort by time. Talks to nobody, prints nothing to stdout,
 * and exits 0 whatever happens: a hook must never stop the agent.
 *
 * `hook FOLDER URL MS`: says it to the daemon first, with the agent's own token, and prints its answer; within MS, else it
 * is kept as above.
 */
const mostBytes = 1024 * 1024
/** A member beyond this is left out of what is said to the daemon, and of what is kept where it is all too long: nothing it judges by is that long. */
const mostOfMember = 256 * 1024

async function main([folder, url, ms]: string[]): Promise<void> {
  if (folder === undefined) return complain('no folder was named')
  const said = await text(process.stdin)
  if (url === undefined) return keep(folder, said)
  const answer = await post(url, slim(said), AbortSignal.timeout(Number(ms))).catch(() => null) // away: it is kept
  if (answer === null) return keep(folder, said)
  process.stdout.write(answer)
}

function keep(folder: string, all: string): void {
  // The end of a turn with a long answer is an end all the same.
  const said = all.length > mostBytes ? slim(all) : all
  if (said.length > mostBytes) return complain(`more than ${mostBytes} bytes were said`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeAtomic(join(folder, `${String(Date.now()).padStart(15, '0')}-${process.pid}.json`), said)
}

/** The daemon's answer, as it stands; null where it gives none. No header need come soon: an answer can take as long as a person does. */
function post(url: string, body: string, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${process.env['TROUPE_AGENT_TOKEN'] ?? ''}` }
    const asking = request(url, { method: 'POST', headers, signal }, (response) => {
      text(response).then((answer) => resolve(response.statusCode === 200 && response.complete ? answer : null), reject)
    })
    asking.on('error', reject)
    asking.end(body)
  })
}

function slim(said: string): string {
  if (said.length <= mostOfMember) return said
  try {
    const event = JSON.parse(said) as Record<string, unknown>
    return JSON.stringify(Object.fromEntries(Object.entries(event).filter(([, value]) => JSON.stringify(value).length <= mostOfMember)))
  } catch {
    return said // no JSON: the daemon says so
  }
}

function complain(why: string): void {
  process.stderr.write(`troupe hook: nothing was kept: ${why}\n`)
}

main(process.argv.slice(2)).catch((error: unknown) => complain(error instanceof Error ? error.message : String(error)))
