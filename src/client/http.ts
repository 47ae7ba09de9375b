import { EventSourceParserStream } from 'eventsource-parser/stream'
import type { Input, OperationName, Output } from '../api/index.ts'
import { mismatch, oldestProtocol, programVersion, protocolVersion, understand } from '../api/wire.ts'
import type { ServerHello, StreamItem } from '../api/wire.ts'
import { fromShape, TroupeError, type ErrorShape } from '../core/error.ts'
import type { Client } from './client.ts'

/** The same client over HTTP, with an operator's token (`daemon.token`). Reads the daemon's status once, to know it is there. */
export async function connectHttp(options: { url: string; token: string }): Promise<Client> {
  const closed = new AbortController()
  const ask = request(options, closed.signal)
  const call = async (name: string, input: unknown, signal?: AbortSignal): Promise<unknown> => {
    const headers = { 'content-type': 'application/json' }
    const response = await ask(name, { method: 'POST', body: JSON.stringify(input), headers }, signal)
    return response.json()
  }
  const { pid, root, version, protocol } = (await call('daemon.status', {})) as ServerHello
  const own = { protocol: protocolVersion, oldest: oldestProtocol, version: programVersion }
  if (!understand(own, { protocol })) throw mismatch(own, { pid, root, version, protocol })
  return {
    daemon: { pid, root, version, protocol },
    call: <K extends OperationName>(name: K, input: Input<K>, more: { signal?: AbortSignal } = {}) =>
      call(name, input, more.signal) as Promise<Output<K>>,
    events: (cursor, signal) => readEvents(ask, cursor, signal),
    close: () => closed.abort(new TroupeError('unavailable', 'the connection was closed', { hint: 'connect again' })),
  }
}

type Ask = (path: string, init: RequestInit, signal?: AbortSignal) => Promise<Response>

function request({ url, token }: { url: string; token: string }, closed: AbortSignal): Ask {
  return async (path, init, signal) => {
    const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${token}` }
    const either = signal === undefined ? closed : AbortSignal.any([closed, signal])
    const target = new URL(`/api/v1/${path}`, url)
    const response = await fetch(target, { ...init, headers, signal: either }).catch((cause: unknown) => {
      if (either.aborted) throw either.reason
      throw new TroupeError('unavailable', `no daemon answers at ${url}`, { hint: 'troupe daemon start', cause })
    })
    if (!response.ok) throw await readError(response)
    return response
  }
}

async function readError(response: Response): Promise<TroupeError> {
  try {
    return fromShape(((await response.json()) as { error: ErrorShape }).error)
  } catch (cause) {
    return new TroupeError('unavailable', `what answers there is not troupe: HTTP ${response.status}`, { hint: 'troupe daemon status says where the daemon is', cause })
  }
}

async function* readEvents(ask: Ask, cursor: string | null, signal: AbortSignal): AsyncGenerator<StreamItem> {
  const query = cursor === null ? '' : `?${new URLSearchParams({ cursor }).toString()}`
  try {
    const { body } = await ask(`events${query}`, { method: 'GET', headers: {} }, signal)
    if (body === null) return
    const items = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
    for await (const { id, event, data } of items) {
      yield { id: id ?? '', event: event === 'reset' ? 'reset' : 'journal', data: JSON.parse(data) as unknown }
    }
  } catch (error) {
    if (signal.aborted) return
    throw error instanceof TroupeError ? error : streamEnded(error)
  }
  if (!signal.aborted) throw streamEnded(undefined)
}

function streamEnded(cause: unknown): TroupeError {
  return new TroupeError('unavailable', 'the daemon ended the stream', { hint: 'follow again from the last cursor', cause })
}
