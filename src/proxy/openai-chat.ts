import { z } from 'zod'
import { TroupeError } from '../core/error.ts'
import { ChatTally } from './openai-usage.ts'
import { modelIn, tokensIn, type Answer, type Ask, type Told, type Wire } from './wire.ts'
import type { Turn } from './replay.ts'

/** OpenAI's Chat Completions API, and what calls itself compatible with it. */
export const openaiChat: Wire = { route, read, answer, count, models, fail, usedUp, refuse, forbid, modelOf: (_path, body) => modelIn(body), tally: () => new ChatTally() }

function route(method: string, path: string): 'answer' | 'models' | null {
  if (method === 'POST' && path.endsWith('/chat/completions')) return 'answer'
  return method === 'GET' && /\/v1\/models(\/[^/]+)?$/.test(path) ? 'models' : null
}

const part = z.looseObject({ type: z.string(), text: z.string().optional() })
const content = z.union([z.string(), z.array(part)]).nullish()
const chatMessage = z.looseObject({ role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']), content })
const requestBody = z.looseObject({
  model: z.string(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }) })).nullish(),
  messages: z.array(chatMessage).min(1),
  response_format: z.looseObject({ type: z.string(), json_schema: z.looseObject({ schema: z.unknown() }).optional() }).nullish(),
})
type RequestBody = z.infer<typeof requestBody>
type Message = z.infer<typeof chatMessage>

function read(sent: unknown): Ask {
  const parsed = requestBody.safeParse(sent)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    throw new TroupeError('usage', `${issue.path.join('.') || 'body'}: ${issue.message}`)
  }
  const { model, stream, tools, messages, response_format: format } = parsed.data
  return {
    model,
    stream: stream === true,
    tools: (tools ?? []).map((tool) => tool.function.name),
    schema: format?.json_schema?.schema,
    turns: messages.flatMap(toTurns),
    input: countInput(parsed.data),
  }
}

/** What came before the last answer was seen by an earlier call, and is read from the cache. Writing it is not told of in this format. */
function countInput({ tools, messages }: RequestBody): Ask['input'] {
  const last = messages.findLastIndex(({ role }) => role === 'assistant')
  const cacheRead = last < 0 ? 0 : tokensIn(JSON.stringify([tools ?? null, messages.slice(0, last)]))
  const tokens = tokensIn(JSON.stringify(last < 0 ? [tools ?? null, messages] : messages.slice(last)))
  return { tokens, cacheRead, cacheWrite: 0 }
}

/** What CLIs slip into what a user said; never words for the model to act on. */
const asides = /<system-reminder>[\s\S]*?<\/system-reminder>/g

/** A person said no at the terminal, and the turn was over with that. */
const refusal = /^The user rejected permission to use this specific tool call\.$/

function toTurns({ role, content: said }: Message): Turn[] {
  if (role === 'system' || role === 'developer') return []
  if (role === 'assistant') return [{ by: 'model' }]
  const texts = typeof said === 'string' ? [said] : (said ?? []).flatMap(({ text }) => text ?? [])
  if (role === 'tool') return texts.map((text) => (refusal.test(text) ? { by: 'interrupt' } : { by: 'tool', text }))
  return texts.flatMap((each): Turn[] => {
    const text = each.replace(asides, '').trim()
    return text === '' ? [] : [{ by: 'given', text, spoken: true }]
  })
}

function usageOf({ input }: Ask, outputTokens: number): Record<string, unknown> {
  const prompt = input.tokens + input.cacheRead + input.cacheWrite
  return {
    ...{ prompt_tokens: prompt, completion_tokens: outputTokens, total_tokens: prompt + outputTokens },
    ...{ prompt_tokens_details: { cached_tokens: input.cacheRead }, completion_tokens_details: { reasoning_tokens: 0 } },
  }
}

function newId(kind: 'chatcmpl-' | 'call_' | 'req_'): string {
  return `${kind}${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}`
}

function callsOf(said: Answer): { id: string; type: 'function'; function: { name: string; arguments: string } }[] {
  return said.calls.map(({ tool, args }) => ({ id: newId('call_'), type: 'function', function: { name: tool, arguments: JSON.stringify(args) } }))
}

function answer(ask: Ask, said: Answer): Response {
  if (ask.stream) return streamed([...chunks(ask, said), '[DONE]'])
  const calls = callsOf(said)
  const message = { role: 'assistant', content: said.text === '' ? null : said.text, ...(calls.length === 0 ? {} : { tool_calls: calls }) }
  return json(200, { ...head(ask, 'chat.completion'), choices: [{ index: 0, message, finish_reason: stopOf(said) }], usage: usageOf(ask, said.outputTokens) })
}

function head(ask: Ask, object: string): Record<string, unknown> {
  return { id: newId('chatcmpl-'), object, created: 1_767_225_600, model: ask.model }
}

function stopOf(said: Answer): 'tool_calls' | 'stop' {
  return said.calls.length > 0 ? 'tool_calls' : 'stop'
}

/** The order of chunks that clients rely on: the role, the text, each call with its name first, the end, the usage. */
function* chunks(ask: Ask, said: Answer): Generator<Record<string, unknown>> {
  const every = head(ask, 'chat.completion.chunk')
  const chunk = (delta: Record<string, unknown>, finish: string | null = null) => ({ ...every, choices: [{ index: 0, delta, finish_reason: finish }] })
  yield chunk({ role: 'assistant', content: '' })
  for (const piece of pieces(said.text)) yield chunk({ content: piece })
  for (const [index, call] of callsOf(said).entries()) {
    yield chunk({ tool_calls: [{ index, ...call, function: { name: call.function.name, arguments: '' } }] })
    for (const piece of pieces(call.function.arguments)) yield chunk({ tool_calls: [{ index, function: { arguments: piece } }] })
  }
  yield chunk({}, stopOf(said))
  yield { ...every, choices: [], usage: usageOf(ask, said.outputTokens) }
}

/** At most 40 characters each, so that clients have something to put together. Never cuts a surrogate pair. */
function pieces(text: string): string[] {
  return text.match(/[\s\S]{1,40}/gu) ?? []
}

/** The format has no such question. */
function count(): Response {
  return refuse(404, 'there is no counting of tokens in this format')
}

function models(): Response {
  return json(200, { object: 'list', data: [{ id: 'scripted-1', object: 'model', created: 1_767_225_600, owned_by: 'troupe' }] })
}

const errorTypes: Record<number, string> = { 400: 'invalid_request_error', 401: 'invalid_request_error', 402: 'insufficient_quota', 403: 'permission_error', 404: 'invalid_request_error', 429: 'rate_limit_exceeded' }

const inStream = {
  overloaded: { status: 503, type: 'server_error', code: 'overloaded', message: 'The server is overloaded' },
  api: { status: 500, type: 'server_error', code: 'server_error', message: 'The server had an error while processing your request' },
  rate_limit: { status: 429, type: 'rate_limit_exceeded', code: 'rate_limit_exceeded', message: 'Rate limit reached for requests' },
} as const

function fail(failure: Told, ask: Ask, said: Answer): Response {
  if (failure.kind === 'status') return refuse(failure.status, failure.message, failure.headers)
  if (failure.kind === 'drop') return streamed(failure.midway ? beginning(ask, said) : [], { broken: true })
  const { status, ...error } = inStream[failure.error]
  if (!ask.stream) return refuse(status, error.message)
  return streamed([...beginning(ask, said), { error: { ...error, param: null } }])
}

/** No header has the CLI wait longer than the words say. */
function usedUp(until: number): ReturnType<Wire['usedUp']> {
  return { kind: 'status', status: 429, headers: {}, message: `You have reached your usage limit. It resets at ${new Date(until).toISOString().replace(/\.\d+/, '')}` }
}

/** Up to the first piece of content. */
function beginning(ask: Ask, said: Answer): Record<string, unknown>[] {
  return [...chunks(ask, said)].slice(0, 2)
}

const codes: Record<number, string> = { 401: 'invalid_api_key', 402: 'insufficient_quota', 404: 'model_not_found', 429: 'rate_limit_exceeded' }

function forbid(message: string): Response {
  return refuse(402, message, { 'x-should-retry': 'false' })
}

function refuse(status: number, message: string, headers: Record<string, string> = {}): Response {
  const type = errorTypes[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error')
  return json(status, { error: { message, type, param: null, code: codes[status] ?? null } }, headers)
}

function json(status: number, value: unknown, headers: Record<string, string> = {}): Response {
  return Response.json(value, { status, headers: { 'x-request-id': newId('req_'), ...headers } })
}

/** Server-sent events without names. With `broken` the body fails after them, and the server cuts the connection. */
function streamed(events: Iterable<Record<string, unknown> | '[DONE]'>, { broken = false } = {}): Response {
  const source = events[Symbol.iterator]()
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = source.next()
      if (!next.done) controller.enqueue(encoder.encode(`data: ${next.value === '[DONE]' ? next.value : JSON.stringify(next.value)}\n\n`))
      else if (broken) controller.error(new Error('dropped, as the scenario says'))
      else controller.close()
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' } })
}
