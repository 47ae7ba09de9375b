import type { Readable, Writable } from 'node:stream'
import { LineCutter } from '../util/lines.ts'
import { idsOf, isRecord, rpcError } from './json-rpc.ts'
import { exchange, type McpAddress } from './mcp-exchange.ts'

/** A message of 256 KiB, escaped, several times over. Bytes. */
const longestLine = 4 * 1024 * 1024
/** How long answers may still come after stdin has ended, ms. */
const lingerMs = 2000

export interface ShimOptions {
  address: McpAddress
  stdin: Readable
  stdout: Writable
}

/**
 * MCP on stdin and stdout, carried to the agent's endpoint of the daemon: one request each, side by side, so that
 * a waiting call holds up no other. A daemon that is away is an error of that call, not the end. Resolves when
 * stdin has ended.
 */
export async function runShim({ address, stdin, stdout }: ShimOptions): Promise<void> {
  const cutter = new LineCutter(longestLine)
  const running = new Map<unknown, AbortController>()
  const send = (message: unknown): void => void stdout.write(`${JSON.stringify(message)}\n`)
  const tasks = new Set<Promise<void>>()

  const carry = async (message: unknown): Promise<void> => {
    const ids = idsOf(message)
    const abort = new AbortController()
    for (const id of ids) running.set(id, abort)
    try {
      await exchange(address, message, ids, send, abort.signal)
    } finally {
      for (const id of ids) if (running.get(id) === abort) running.delete(id)
    }
  }
  const take = (line: Buffer | 'too long'): void => {
    if (line === 'too long') return send(rpcError(null, -32600, `a message is longer than ${longestLine} bytes`))
    const message = parse(line)
    if (message === undefined) return send(rpcError(null, -32700, 'Parse error: a line is not JSON'))
    const cancelled = cancelledId(message)
    if (cancelled !== undefined) return running.get(cancelled)?.abort()
    const task = carry(message).finally(() => tasks.delete(task))
    tasks.add(task)
  }

  for await (const chunk of stdin) for (const line of cutter.push(chunk as Buffer)) take(line)
  const timer = setTimeout(() => running.forEach((abort) => abort.abort()), lingerMs)
  await Promise.all(tasks)
  clearTimeout(timer)
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line))
  } catch {
    return undefined // answered as a parse error
  }
}

/** Cancelling is hanging up on the daemon, which then ends the call; it need not be told in words as well. */
function cancelledId(message: unknown): unknown {
  if (!isRecord(message) || message['method'] !== 'notifications/cancelled' || !isRecord(message['params'])) return undefined
  return message['params']['requestId']
}
