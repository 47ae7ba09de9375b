import { Hono, type Context, type MiddlewareHandler } from 'hono'
import { isOperation } from '../api/index.ts'
import type { Clock } from '../core/clock.ts'
import { TroupeError } from '../core/error.ts'
import type { Caller, Daemon } from '../daemon/daemon.ts'
import { parseJson } from '../util/json.ts'
import { bodyLimits, checkStated, readBody, streamBody } from './body.ts'
import { defectSentence, failure, isDefect } from './failure.ts'
import { checkNames, identify, withoutSecrets, type AgentCaller, type Door } from './guard.ts'
import { mcpEndpoint } from './mcp.ts'
import { openApi } from './openapi.ts'
import { patientJson } from './patient.ts'
import { sendEvents, sseTimes } from './sse.ts'

/** A runtime's hook must never wait for troupe longer than this, ms, but for a verdict; it then gets an answer without an opinion. */
const hookMs = 1000

export interface HttpOptions {
  daemon: Daemon
  clock: Clock
  times?: typeof sseTimes
  /** A defect of ours: the client gets a sentence, the log the rest. */
  report(error: unknown): void
}

interface Env {
  Bindings: { door: Door }
  Variables: { caller: Caller; signal: AbortSignal }
}

export interface HttpApp {
  /** `door` says where the request came in. */
  fetch(request: Request, door: Door): Response | Promise<Response>
  close(): Promise<void>
}

/** Every route of troupe over HTTP, for the loopback port and for each agent's own socket. */
export function httpApp(options: HttpOptions): HttpApp {
  const { daemon, report } = options
  const mcp = mcpEndpoint(daemon, report)
  const app = new Hono<Env>()

  app.onError((error, c) => {
    if (isDefect(error)) report(error)
    return failure(c, isDefect(error) ? new TroupeError('internal', defectSentence) : error)
  })
  app.notFound((c) => failure(c, new TroupeError('unknown', `there is nothing at ${c.req.method} ${c.req.path}`, whatThereIs)))

  app.use(async (c, next) => {
    checkNames(c.req.raw.headers, c.env.door)
    c.set('signal', c.req.raw.signal) // taken first: later wrappings of the request lose it
    if (c.req.path === '/health' && c.req.method === 'GET') return c.body(null, 204)
    // Signed by whoever sends it: a person's program has no token of ours.
    if (c.req.path.startsWith('/gateway/') && c.req.method === 'POST' && c.env.door.kind === 'port') return next()
    c.set('caller', await identify(daemon, c.req.raw.headers, c.env.door, c.req.path.startsWith('/model/')))
    if (!c.req.path.startsWith('/model/')) daemon.admit(c.var.caller, c.req.path === '/hook' ? 'hook' : 'call', price(c))
    return next()
  })
  app.use('/model/*', limit(bodyLimits.model))
  app.use('/api/*', limit(bodyLimits.call))
  app.use('/mcp', limit(bodyLimits.call))
  app.use('/hook', limit(bodyLimits.call))
  app.use('/gateway/*', limit(bodyLimits.call))

  app.get('/api/v1/openapi.json', (c) => c.json(openApi(new URL(c.req.url).origin)))
  app.get('/api/v1/events', (c) => {
    if (c.var.caller.kind !== 'operator') throw new TroupeError('denied', 'the journal is for operators only', { hint: 'agents have the tools of /mcp' })
    const cursor = c.req.header('last-event-id') ?? c.req.query('cursor') ?? null
    const { clock, times = sseTimes } = options
    return sendEvents(c, (signal) => daemon.events(cursor, signal), { clock, times, signal: c.var.signal })
  })
  app.post('/api/v1/:operation', async (c) => {
    const name = c.req.param('operation')
    if (!isOperation(name)) throw new TroupeError('unknown', `there is no operation ${JSON.stringify(name)}`, whatThereIs)
    const output = await daemon.call(c.var.caller, name, await readJson(c, {}), c.var.signal)
    return c.json(output ?? null)
  })
  app.post('/gateway/:name', async (c) => {
    const { headers } = c.req.raw
    await daemon.post(c.req.param('name'), { header: (name) => headers.get(name), body: await readBody(c.req.raw, bodyLimits.call) })
    return c.json({ ok: true })
  })
  app.all('/mcp', async (c) => {
    const caller = agentOnly(c.var.caller)
    const body = c.req.method === 'POST' ? await readJson(c, null).catch(notJsonAnswer) : undefined
    if (Array.isArray(body)) daemon.admit(caller, 'call', body.length)
    return body === notJson ? c.json(notJson, 400) : mcp.fetch(c.req.raw, caller, c.var.signal, body)
  })
  app.post('/hook', async (c) => {
    const caller = agentOnly(c.var.caller)
    const { patient, answer } = daemon.hook(caller, asRecord(await readJson(c, {})), c.var.signal)
    return patient ? await patientJson(answer, options.clock, report) : c.json(await inTime(answer, options.clock, report))
  })
  app.all('/model/*', async (c) => daemon.model(agentOnly(c.var.caller), modelRequest(c)))

  return {
    fetch: (request, door) => (unsupported.has(request.method.toUpperCase()) ? new Response(null, { status: 405 }) : app.fetch(request, { door })),
    close: () => mcp.close(),
  }
}

const whatThereIs = { hint: 'GET /api/v1/openapi.json lists what there is' }

/** Any other refusal is HTTP's. */
function notJsonAnswer(error: unknown): typeof notJson {
  if (error instanceof TroupeError && error.code === 'usage') return notJson
  throw error
}

/** As JSON-RPC says it. */
const notJson = { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error: the request is not JSON' } }

/** Requests that count as one, bytes: reading is what costs. */
const unitBytes = 16 * 1024

/** As how many requests one counts, before it is read; a body without a stated length as the longest. */
function price(c: Context): number {
  const stated = Number(c.req.header('content-length') ?? 0) || 0
  const length = c.req.header('transfer-encoding') === undefined ? Math.min(stated, bodyLimits.call) : bodyLimits.call
  return 1 + Math.floor(length / unitBytes)
}

function limit(bytes: number): MiddlewareHandler {
  return (c, next) => {
    checkStated(c.req.raw.headers, bytes)
    return next()
  }
}

function agentOnly(caller: Caller): AgentCaller {
  if (caller.kind !== 'agent') throw new TroupeError('denied', 'this is for agents only', { hint: 'operators use /api/v1' })
  return caller
}

async function readJson(c: Context<Env>, empty: unknown): Promise<unknown> {
  const text = await readBody(c.req.raw, bodyLimits.call)
  if (text === '') return empty
  try {
    return parseJson(text)
  } catch (cause) {
    throw new TroupeError('usage', 'the request is not JSON', { hint: 'send one JSON value as the body', cause })
  }
}

function asRecord(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>
  throw new TroupeError('usage', 'a hook sends a JSON object', { hint: 'send the event as the agent CLI gave it' })
}

/** The web's own Request cannot be made with these: nothing may try to. */
const unsupported = new Set(['TRACE', 'TRACK', 'CONNECT'])

type Answer = Record<string, unknown>

async function inTime(answer: Promise<Answer>, clock: Clock, report: (error: unknown) => void): Promise<Answer> {
  let stopTimer = (): void => undefined
  const late = new Promise<Answer>((resolve) => {
    stopTimer = clock.after(hookMs, () => {
      report(new TroupeError('timeout', `a hook was not answered within ${hookMs} ms`))
      resolve({})
    })
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    stopTimer()
  }
}

/** The agent's request as the model's own API would get it: prefix and token taken off, body and abort kept. */
function modelRequest(c: Context<Env>): Request {
  const url = new URL(c.req.url)
  url.pathname = url.pathname.slice('/model'.length)
  const { method, headers } = c.req.raw
  const request = new Request(url, { method, headers: withoutSecrets(headers), body: streamBody(c.req.raw, bodyLimits.model), duplex: 'half' } as RequestInit)
  Object.defineProperty(request, 'signal', { value: c.var.signal })
  return request
}
