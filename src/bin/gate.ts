import { request } from 'node:http'
import { text } from 'node:stream/consumers'

/**
 * `gate MS call|prompt`: asks the daemon about what an agent CLI tells its command hooks, and prints the answer for the CLI.
 * Standard input is the hook's event as JSON; `TROUPE_MCP_URL` and `TROUPE_AGENT_TOKEN` say whom to ask, and as whom. Of a `call`:
 * on any failure, and once MS milliseconds are over, it exits with 2 and says why on stderr, which CLIs take for no; after any
 * other failure of a hook they go on. Of a `prompt`: it says nothing then, and the CLI asks whoever is at its terminal.
 */
const denied = 2

async function main(ms: number): Promise<void> {
  const answer = await ask(await text(process.stdin), ms)
  const value: unknown = JSON.parse(answer)
  if (typeof value !== 'object' || value === null) throw new Error('troupe’s daemon gave no answer that can be read')
  // No opinion is said by silence: not every CLI takes an empty object for that.
  if (Object.keys(value).length > 0) process.stdout.write(answer)
}

/** Not `fetch`, which gives up on an answer after five minutes: a person may take longer. */
function ask(event: string, ms: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${process.env['TROUPE_AGENT_TOKEN'] ?? ''}` }
    const asked = request(new URL('hook', process.env['TROUPE_MCP_URL'] ?? ''), { method: 'POST', headers, signal: AbortSignal.timeout(ms) }, (answer) => {
      text(answer).then((words) => (answer.statusCode === 200 ? resolve(words) : reject(new Error(`troupe’s daemon answered ${answer.statusCode}`))), reject)
    })
    asked.on('error', (cause) => reject(new Error(cause.name === 'AbortError' || cause.name === 'TimeoutError' ? 'nobody decided in time' : 'troupe’s daemon cannot be reached', { cause })))
    asked.end(event)
  })
}

const [ms, kind] = process.argv.slice(2)
main(Number(ms)).catch((error: unknown) => {
  if (kind === 'prompt') return
  process.stderr.write(`troupe holds this call back: ${error instanceof Error ? error.message : String(error)}. Go on with other work, and try again later.\n`)
  process.exitCode = denied
})
