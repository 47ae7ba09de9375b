import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { z } from 'zod'
import { TroupeError } from '../core/error.ts'
import type { Content, Gateway, Identity, Incoming, Post, Posted, Progress, Sendable } from '../core/gateway.ts'
import type { GatewayContext } from './index.ts'

/** Bytes: a file travels inside of the JSON. */
const largestFile = 10 * 1024 * 1024
const carries = { files: true, reactions: true, buttons: true, edits: true, fileBytes: largestFile, perSecond: 20, perChatPerSecond: 20, burst: 20 }
/** An answer is waited for this long. ms */
const patience = 30_000
/** A request is good this long before and after its own time, seconds. */
const goodFor = 300

const user = z.object({ id: z.string().min(1).max(100), name: z.string().min(1).max(200) })
const base = { id: z.string().min(1).max(200), user }
const posted = z.union([
  z.strictObject({ ...base, text: z.string().min(1) }),
  z.strictObject({ ...base, press: z.string().max(64) }),
  z.strictObject({ ...base, approval: z.union([z.int(), z.string().max(40)]), verdict: z.enum(['approve', 'deny']), note: z.string().max(4000).optional() }),
])

/** Posts what goes to people to an address of the team's, signed, and takes signed answers at the daemon's own door. */
export class Webhook implements Gateway {
  readonly type = 'webhook'
  readonly carries = carries
  readonly inbound: Posted = { by: 'post', accept: (post, now) => this.#accept(post, now) }
  readonly #secret: string
  readonly #url: string

  constructor({ secret, url }: GatewayContext) {
    if (url === null) throw new TroupeError('config', 'a webhook has no address')
    this.#secret = secret
    this.#url = url
  }

  async identify(signal: AbortSignal): Promise<Identity> {
    await this.#post({ kind: 'ping' }, signal)
    const { host } = new URL(this.#url)
    return { id: host, name: host, warnings: [] }
  }

  async send({ id, chat, silent, content }: Sendable, progress: Progress, signal: AbortSignal): Promise<void> {
    const { id: theirs } = await this.#post({ id, chat, silent, ...(await body(content)) }, signal)
    if (content.kind === 'text' || content.kind === 'file') await progress.part(theirs ?? id)
  }

  async #post(value: Record<string, unknown>, signal: AbortSignal): Promise<{ id: string | null }> {
    const text = JSON.stringify(value)
    const [timestamp, nonce] = [String(Math.floor(Date.now() / 1000)), randomUUID()]
    const headers = { 'content-type': 'application/json', 'x-troupe-timestamp': timestamp, 'x-troupe-nonce': nonce, 'x-troupe-signature': sign(this.#secret, timestamp, nonce, text) }
    let answer: Response
    try {
      answer = await fetch(this.#url, { method: 'POST', headers, body: text, redirect: 'manual', signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]) })
    } catch {
      // Why it failed may hold the address, and with it a secret.
      throw new TroupeError('unavailable', 'the webhook cannot be reached', { hint: 'look at its server; it is tried again' })
    }
    if (answer.ok) return { id: idOf(await answer.text().catch(() => '')) }
    await answer.body?.cancel()
    throw refused(answer)
  }

  #accept(post: Post, now: number): { nonce: string; incoming: Incoming } {
    const [timestamp, nonce, signature] = ['timestamp', 'nonce', 'signature'].map((name) => post.header(`x-troupe-${name}`) ?? '') as [string, string, string]
    const right = Buffer.from(sign(this.#secret, timestamp, nonce, post.body))
    const given = Buffer.from(signature)
    const fresh = /^\d{1,12}$/.test(timestamp) && Math.abs(now / 1000 - Number(timestamp)) <= goodFor
    if (given.length !== right.length || !timingSafeEqual(given, right) || !/^[\w-]{8,100}$/.test(nonce)) throw new TroupeError('unauthorised', 'the signature is not right')
    if (!fresh) throw new TroupeError('unauthorised', `the request is not of the last ${goodFor / 60} minutes`, { hint: 'sign each request when it is sent, in Unix seconds' })
    return { nonce, incoming: read(post.body) }
  }
}

/** `v1=` and the HMAC-SHA256 of `timestamp.nonce.body`, hex. */
function sign(secret: string, timestamp: string, nonce: string, text: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${nonce}.${text}`).digest('hex')}`
}

function read(text: string): Incoming {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new TroupeError('usage', 'the request is not JSON', { cause })
  }
  const parsed = posted.safeParse(value)
  if (!parsed.success) throw new TroupeError('usage', `the request is wrong: ${z.prettifyError(parsed.error)}`, { hint: 'docs/chat.md says what it takes' })
  const { data } = parsed
  const about = { position: 0, key: data.id, chat: { id: 'webhook', kind: 'private' as const }, user: data.user }
  if ('text' in data) return { ...about, did: { kind: 'text', text: data.text, message: data.id, replyTo: null, forwarded: false } }
  if ('press' in data) return { ...about, did: { kind: 'press', press: data.id, data: data.press, message: null } }
  return { ...about, did: { kind: 'verdict', approval: String(data.approval), verdict: data.verdict, note: data.note ?? null } }
}

async function body(content: Content): Promise<Record<string, unknown>> {
  if (content.kind !== 'file' || 'url' in content.source) return { ...content }
  const { path, name } = content.source
  const { size } = await stat(path).catch((cause: unknown) => {
    throw new TroupeError('failed', `the file ${path} cannot be read any more`, { cause })
  })
  if (size > largestFile) throw new TroupeError('failed', `the file is ${size} bytes, a webhook carries ${largestFile}`)
  return { ...content, source: { name, base64: await readFile(path, 'base64') } }
}

function idOf(text: string): string | null {
  try {
    const { id } = JSON.parse(text) as { id?: unknown }
    return typeof id === 'string' && id.length <= 200 ? id : null
  } catch {
    return null // it need not answer with anything
  }
}

function refused({ status, headers }: Response): TroupeError {
  const said = `the webhook answered ${status}`
  const facts = { code: status }
  const later = Number(headers.get('retry-after') ?? Number.NaN)
  if (status === 429) return new TroupeError('throttled', said, { facts: { ...facts, retryAfterMs: (Number.isFinite(later) && later > 0 ? Math.min(later, 3600) : 5) * 1000 } })
  if (status >= 500 || status === 408) return new TroupeError('unavailable', said, { hint: 'look at its server; it is tried again', facts })
  if (status === 401 || status === 403) return new TroupeError('unauthorised', said, { hint: 'both sides need the same key', facts })
  return new TroupeError('failed', said, { facts })
}
