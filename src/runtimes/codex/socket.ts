import type { Wire } from './app-server.ts'

/** A websocket that is open: what comes and its end are told once a listener is given. */
export interface OpenSocket extends Pick<Wire, 'send'> {
  close(): void
  listen(listener: { take(text: string): void; ended(): void }): void
}

/** What Node's own WebSocket takes beside its standard: who connects, and how. */
interface Dispatching {
  dispatcher: unknown
}

/**
 * Connects to the app-server's socket. Node's WebSocket reaches a unix socket through a dispatcher of undici's, which is in Node
 * and shared under this symbol (docs/decisions/codex-signals.md). Rejects where nobody listens, and at `signal`: one that hangs
 * takes the connection and greets nobody.
 */
export async function openSocket(path: string, signal: AbortSignal): Promise<OpenSocket> {
  // The symbol is set once Node has loaded its WebSocket.
  const Socket = globalThis.WebSocket
  const shared: unknown = Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1'))
  const Agent = shared?.constructor as (new (options: { connect: { socketPath: string } }) => { close(): Promise<void> }) | undefined
  if (Agent === undefined) throw new Error(`Node ${process.version} has no dispatcher for its WebSocket`)
  const dispatcher = new Agent({ connect: { socketPath: path } })
  const options: Dispatching = { dispatcher }
  const socket = new Socket('ws://localhost/', options as never)
  const leave = (): void => socket.close()
  signal.addEventListener('abort', leave)
  try {
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve(), { once: true })
      socket.addEventListener('error', () => reject(new Error(`nobody listens at ${path}`)), { once: true })
    })
  } catch (error) {
    await dispatcher.close().catch(() => undefined) // nothing is under way on it
    throw error
  } finally {
    signal.removeEventListener('abort', leave)
  }
  return {
    send: (text) => socket.send(text),
    close: () => socket.close(),
    listen: ({ take, ended }) => {
      const inTurn = oneByOne()
      socket.addEventListener('message', ({ data }) => inTurn(() => take(String(data))))
      socket.addEventListener('close', () => (void dispatcher.close().catch(() => undefined), inTurn(ended)))
      socket.addEventListener('error', () => socket.close())
    },
  }
}

/** Messages that came in one packet are told in one go: whoever awaits an answer must have gone on before the next is heard. */
function oneByOne(): (work: () => void) => void {
  const waiting: (() => void)[] = []
  const next = (): void => {
    waiting.shift()?.()
    if (waiting.length > 0) setImmediate(next)
  }
  return (work) => {
    waiting.push(work)
    if (waiting.length === 1) setImmediate(next)
  }
}
