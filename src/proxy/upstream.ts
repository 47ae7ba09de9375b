import { Agent as PlainAgent, request as plain, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent as SecureAgent, request as secure } from 'node:https'
import { Readable } from 'node:stream'
import type { ReadableStream as NodeStream } from 'node:stream/web'

/** Of one connection, not of the request; and what names the way to us rather than to the provider. */
const hopByHop = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'host', 'expect'])
/** A provider that says nothing for so long is gone: models think long, and send pings meanwhile. ms */
const silenceMs = 600_000
/** What waits here for a reader that is slower than the provider. Bytes. */
const buffered = 64 * 1024

/** What is passed on. */
export interface Asked {
  method: string
  /** With its query. */
  path: string
  headers: Headers
  body: ReadableStream<Uint8Array> | null
  /** The asker has gone. */
  signal: AbortSignal
}

export interface Forwarding {
  /** `https://api.anthropic.com`, with a path before the request's own where there is one. */
  root: string
  /** Headers to set on the way: the key. */
  headers: Record<string, string>
  /** An answer has begun. */
  answered?(headers: Headers, status: number): void
  /** Told of each piece of the answer's body, as it came, before anybody reads it. Must not throw. */
  seen?(chunk: Buffer): void
  /** The answer has ended, whole or not. Once. */
  ended?(): void
}

/** The way to providers, with connections that are kept. `env` may name proxies. */
export class Upstream {
  readonly #plain: PlainAgent
  readonly #secure: SecureAgent
  readonly #silenceMs: number

  constructor(env: Record<string, string>, silence = silenceMs) {
    this.#silenceMs = silence
    const options = { keepAlive: true, proxyEnv: env }
    this.#plain = new PlainAgent(options)
    this.#secure = new SecureAgent(options)
  }

  /**
   * Passes a request on and its answer back, byte for byte and as it comes, in both directions no faster than the slower
   * side takes it. Rejects with Node's own error where there is no answer; one that breaks off breaks off for the
   * reader too. A reader that goes away ends the call.
   */
  async forward(asked: Asked, to: Forwarding): Promise<Response> {
    let sent: ClientRequest | null = null
    let ended = false
    const end = (): void => {
      if (!ended) to.ended?.()
      ended = true
    }
    try {
      sent = this.#begun(asked, to)
      const answer = await answerTo(sent, asked.body)
      const headers = passedBack(answer)
      to.answered?.(headers, answer.statusCode ?? 0)
      return new Response(withoutBody(asked.method, answer.statusCode) ? drained(answer, end) : streamOf(answer, to.seen ?? (() => {}), end), {
        status: answer.statusCode ?? 502,
        statusText: answer.statusMessage ?? '',
        headers,
      })
    } catch (error) {
      end()
      // An answer that no Response can be made of is nobody's to read.
      sent?.destroy()
      throw error
    }
  }

  /** Throws where nothing can be asked at all, such as with a key that no header can hold. */
  #begun(asked: Asked, { root, headers }: Forwarding): ClientRequest {
    const url = new URL(root)
    const options: RequestOptions = { method: asked.method, headers: { ...passedOn(asked.headers), ...headers }, timeout: this.#silenceMs, signal: asked.signal }
    const target = new URL(`${url.pathname.replace(/\/$/, '')}${asked.path}`, url)
    const sent = url.protocol === 'https:' ? secure(target, { ...options, agent: this.#secure }) : plain(target, { ...options, agent: this.#plain })
    return sent.on('timeout', () => sent.destroy(new Error(`it said nothing for ${this.#silenceMs / 1000} s`)))
  }

  close(): void {
    this.#plain.destroy()
    this.#secure.destroy()
  }
}

function answerTo(sent: ClientRequest, body: Asked['body']): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject)
    sent.on('response', resolve)
    // Nobody asked for another protocol: without this the call would have neither an answer nor an end.
    sent.on('upgrade', (_answer, socket) => {
      socket.destroy()
      reject(new Error('it answers in another protocol'))
    })
    if (body === null) sent.end()
    // A provider may answer before it has read all, and close: the answer counts.
    else Readable.fromWeb(body as NodeStream).on('error', (error) => sent.destroy(error)).pipe(sent)
  })
}

function passedOn(headers: Headers): Record<string, string> {
  const named = (headers.get('connection') ?? '').toLowerCase().split(/\s*,\s*/)
  const kept = [...headers].filter(([name]) => !hopByHop.has(name) && !named.includes(name))
  // The copy is read here: what a provider would pack for the way would have to be unpacked for that.
  return { ...Object.fromEntries(kept), 'accept-encoding': 'identity' }
}

function passedBack({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    if (!hopByHop.has(name.toLowerCase())) headers.append(name, rawHeaders[at + 1] ?? '')
  }
  return headers
}

function withoutBody(method: string, status: number | undefined): boolean {
  return method === 'HEAD' || status === 204 || status === 304
}

function drained(answer: IncomingMessage, end: () => void): null {
  answer.on('close', end).resume()
  return null
}

function streamOf(answer: IncomingMessage, seen: (chunk: Buffer) => void, end: () => void): ReadableStream<Uint8Array> {
  const cut = (controller: ReadableStreamDefaultController, error: Error): void => {
    end()
    controller.error(error)
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let whole = false
        answer.on('data', (chunk: Buffer) => {
          seen(chunk)
          controller.enqueue(chunk)
          if ((controller.desiredSize ?? 0) <= 0) answer.pause()
        })
        answer.on('end', () => {
          whole = true
          end()
          controller.close()
        })
        answer.on('error', (error) => whole || ((whole = true), cut(controller, error)))
        answer.on('close', () => whole || ((whole = true), cut(controller, new Error('the provider broke off'))))
        answer.pause()
      },
      pull: () => void answer.resume(),
      cancel: () => {
        end()
        answer.removeAllListeners().on('error', () => {}).destroy()
      },
    },
    { highWaterMark: buffered, size: (chunk) => chunk.byteLength },
  )
}
