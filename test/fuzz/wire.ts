import { createConnection, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'vitest'
import { ask, type Answer } from '../fixtures/ask.ts'
import type { LiveDaemon } from '../fixtures/live-daemon.ts'

/** Says these bytes on a new connection, ends its side, and resolves with all that came back once the daemon closed it too. */
export function say(where: string, chunks: readonly (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = open(where)
    const heard: Buffer[] = []
    socket.on('data', (chunk) => heard.push(chunk))
    socket.on('error', () => socket.destroy()) // cut off is an answer too
    socket.on('close', () => resolve(Buffer.concat(heard).toString('latin1')))
    for (const chunk of chunks) socket.write(chunk)
    socket.end()
  })
}

/** A connection to a URL's origin, or to the path of a socket. */
export function open(where: string): Socket {
  return where.startsWith('/') ? createConnection(where) : createConnection(Number(new URL(where).port), '127.0.0.1')
}

/** No secret in what an answer holds. */
export function checkAnswer(live: LiveDaemon, text: string): void {
  expect(live.secrets.filter((secret) => text.includes(secret))).toEqual([])
}

/** The daemon goes on clean: it serves everybody, met no defect, and told no secret to its log. */
export async function checkAlive(live: LiveDaemon): Promise<void> {
  for (const { address, token } of Object.values(live.agents)) {
    const answer: Answer = await ask(live.url, '/api/v1/whoami', { token, body: {} })
    expect(JSON.parse(answer.text)).toMatchObject({ agent: address })
  }
  expect((await ask(live.url, '/api/v1/ps', { token: live.operatorToken, body: {} })).status).toBe(200)
  expect(live.reports).toEqual([])
  checkAnswer(live, live.log())
}

/** Bytes of memory that are still needed. */
export function memoryInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
