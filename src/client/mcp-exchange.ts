import { createParser } from 'eventsource-parser'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { answeredIds, isRecord, mcpHeaders, rpcError } from './json-rpc.ts'

/** Where the agent's endpoint is, and its bearer. `socket` is used instead of the URL's port where there is one. */
export interface McpAddress {
  url: string
  socket: string | null
  token: string
}

/** A daemon that was killed is back after a second or two; a call that never reached one waits for it this long. ms */
const retryMs = 8000
const retryEveryMs = 100

/** Server error range of JSON-RPC: the daemon could not be asked, or went before it answered. */
const awayCode = -32_000

/**
 * Carries one message to the daemon and everything that comes back to `send`. Each of `ids` is answered exactly
 * once, with an error if the daemon does not; after an abort nothing is sent any more. Never rejects.
 */
export async function exchange(
  address: McpAddress,
  message: unknown,
  ids: unknown[],
  send: (message: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  const owed = new Set(ids)
  const pass = (answer: unknown): void => {
    if (signal.aborted) return
    for (const id of answeredIds(answer)) owed.delete(id)
    send(answer)
  }
  let why = 'the daemon ended the call without an answer'
  try {
    const response = await post(address, message, signal)
    why = (await receive(response, pass)) ?? why
  } catch (error) {
    why = `troupe's daemon cannot be reached: ${error instanceof Error ? error.message : String(error)}`
  }
  if (!signal.aborted) for (const id of owed) send(rpcError(id, awayCode, why))
}

/** Tried again only where the connection was refused: nothing was said then, so nothing can happen twice. */
async function post(address: McpAddress, message: unknown, signal: AbortSignal): Promise<IncomingMessage> {
  const until = performance.now() + retryMs
  for (;;) {
    try {
      return await postOnce(address, message, signal)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if ((code !== 'ECONNREFUSED' && code !== 'ENOENT') || performance.now() > until || signal.aborted) throw error
      await sleep(retryEveryMs, undefined, { signal })
    }
  }
}

function postOnce(address: McpAddress, message: unknown, signal: AbortSignal): Promise<IncomingMessage> {
  const url = new URL(address.url)
  const body = Buffer.from(JSON.stringify(message))
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'content-length': body.length,
    authorization: `Bearer ${address.token}`,
    ...mcpHeaders(message),
    ...(address.socket === null ? {} : { host: 'localhost' }),
  }
  return new Promise((resolve, reject) => {
    const where = address.socket === null ? { host: url.hostname, port: url.port } : { socketPath: address.socket }
    const request = httpRequest({ ...where, path: url.pathname, method: 'POST', headers, signal }, resolve)
    request.on('error', reject)
    request.end(body)
  })
}

/** Resolves with the reason where the answer was none. */
async function receive(response: IncomingMessage, pass: (answer: unknown) => void): Promise<string | null> {
  if (response.headers['content-type']?.startsWith('text/event-stream') === true) {
    const parser = createParser({ onEvent: ({ data }) => data !== '' && pass(JSON.parse(data)) })
    response.setEncoding('utf8')
    for await (const chunk of response) parser.feed(chunk as string)
    return null
  }
  const body = await readText(response)
  if (body === '') return response.statusCode === 202 ? null : `the daemon answered with HTTP ${response.statusCode}`
  const answer: unknown = JSON.parse(body)
  if (isRecord(answer) && answer['jsonrpc'] !== '2.0') return sentence(answer)
  if (!isRecord(answer) || answer['id'] !== null) pass(answer)
  return sentence(answer)
}

/** The daemon's own errors, and JSON-RPC's that name no request. */
function sentence(answer: unknown): string {
  const error = isRecord(answer) && isRecord(answer['error']) ? answer['error'] : {}
  const hint = typeof error['hint'] === 'string' ? `. Try: ${error['hint']}` : ''
  return `${typeof error['message'] === 'string' ? error['message'] : 'the daemon gave no answer'}${hint}`
}
