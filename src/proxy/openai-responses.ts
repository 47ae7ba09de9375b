import { z } from 'zod'
import { TroupeError } from '../core/error.ts'
import { ResponsesTally } from './openai-usage.ts'
import { sse } from './sse.ts'
import { modelIn, tokensIn, type Answer, type Ask, type Told, type Wire } from './wire.ts'
import type { Turn } from './replay.ts'

/** OpenAI's Responses API, as far as its own agent CLI speaks it. */
export const openaiResponses: Wire = { route, read, answer, count, models, fail, usedUp, refuse, forbid, modelOf: (_path, body) => modelIn(body), tally: () => new ResponsesTally() }

function route(method: string, path: string): 'answer' | 'models' | null {
  if (method === 'POST' && path.endsWith('/responses')) return 'answer'
  return method === 'GET' && /\/v1\/models(\/[^/]+)?$/.test(path) ? 'models' : null
}

const part = z.looseObject({ type: z.string(), text: z.string().optional() })
const output = z.union([z.string(), z.array(part)])
const item = z.looseObject({
  type: z.string().default('message'),
  role: z.string().optional(),
  content: z.union([z.string(), z.array(part)]).nullish(),
  output: output.nullish(),
})
/** Tools of a server come together, in a `namespace`. */
const tool = z.looseObject({ type: z.string(), name: z.string().optional(), tools: z.array(z.looseObject({ name: z.string() })).optional() })
const requestBody = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  instructions: z.string().nullish(),
  tools: z.array(tool).default([]),
  input: z.union([z.string(), z.array(item).min(1)]),
  text: z.looseObject({ format: z.looseObject({ type: z.string(), schema: z.unknown().optional() }).optional() }).nullish(),
})
type RequestBody = z.infer<typeof requestBody>
type Item = z.infer<typeof item>

/** How a tool of this name is called: with its namespace, or as one that takes plain text. */
interface Calling {
  namespace?: string
  custom?: true
}

/** Beside `tools`, which are names alone. */
const callings = new WeakMap<Ask, Map<string, Calling & { name: string }>>()

function read(sent: unknown): Ask {
  const parsed = requestBody.safeParse(sent)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    throw new TroupeError('usage', `${issue.path.join('.') || 'body'}: ${issue.message}`)
  }
  const { model, stream, tools, text } = parsed.data
  const items = itemsOf(parsed.data)
  const offered = offers(tools)
  const { format } = text ?? {}
  const ask: Ask = {
    model,
    stream,
    tools: [...offered.keys()],
    schema: format?.type === 'json_schema' ? format.schema : undefined,
    turns: items.flatMap(toTurns),
    input: countInput(parsed.data, items),
  }
  callings.set(ask, offered)
  return ask
}

function itemsOf({ input }: RequestBody): Item[] {
  return typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : input
}

/** By the name that a scenario may call them by: a namespace stands before it. */
function offers(tools: RequestBody['tools']): Map<string, Calling & { name: string }> {
  const found = new Map<string, Calling & { name: string }>()
  for (const { type, name, tools: inside } of tools) {
    if (type === 'namespace' && name !== undefined) for (const each of inside ?? []) found.set(`${name}__${each.name}`, { name: each.name, namespace: name })
    else if (name !== undefined) found.set(name, type === 'custom' ? { name, custom: true } : { name })
  }
  return found
}

/** From the second call on, everything before the last item was read from the cache. */
function countInput({ instructions, tools }: RequestBody, items: Item[]): Ask['input'] {
  const prefix = tokensIn(JSON.stringify([instructions ?? null, tools, items.slice(0, -1)]))
  const last = tokensIn(JSON.stringify(items.at(-1)))
  const first = items.every((each) => !isModels(each))
  return first ? { tokens: prefix + last, cacheRead: 0, cacheWrite: 0 } : { tokens: last, cacheRead: prefix, cacheWrite: 0 }
}

function isModels({ type, role }: Item): boolean {
  return (type === 'message' && role === 'assistant') || type.endsWith('_call')
}

/** What the CLI writes into the conversation as if the user had; never words for the model to act on. */
const asides = /<(environment_context|user_instructions|skills_instructions|permissions instructions|INSTRUCTIONS)>[\s\S]*?<\/\1>|^# AGENTS\.md instructions.*$/gm

function toTurns(each: Item): Turn[] {
  if (isModels(each)) return [{ by: 'model' }]
  if (each.type.endsWith('_call_output')) return texts(each.output).map((text) => ({ by: 'tool', text }))
  if (each.type !== 'message' || each.role !== 'user') return []
  return texts(each.content).flatMap((said): Turn[] => {
    if (said.startsWith('<turn_aborted>')) return [{ by: 'interrupt' }]
    const text = said.replace(asides, '').trim()
    return text === '' ? [] : [{ by: 'given', text, spoken: true }]
  })
}

function texts(content: Item['content']): string[] {
  if (typeof content === 'string') return [content]
  return (content ?? []).flatMap((each) => each.text ?? [])
}

function newId(kind: 'resp' | 'msg' | 'fc' | 'call'): string {
  return `${kind}_${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}`
}

/** Of what was read, the cached part is counted in. */
function usageOf({ input }: Ask, outputTokens: number): Record<string, unknown> {
  const whole = input.tokens + input.cacheRead
  return {
    input_tokens: whole,
    input_tokens_details: { cached_tokens: input.cacheRead },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: whole + outputTokens,
  }
}

type OutputItem = Record<string, unknown> & { type: string; id: string }

function outputOf(ask: Ask, said: Answer): OutputItem[] {
  const calls = said.calls.map(({ tool: asked, args }): OutputItem => {
    const { name, namespace, custom } = callings.get(ask)?.get(asked) ?? { name: asked }
    const common = { id: newId('fc'), status: 'completed', call_id: newId('call'), name }
    if (custom === true) return { type: 'custom_tool_call', ...common, input: String(args['input'] ?? '') }
    return { type: 'function_call', ...common, ...(namespace === undefined ? {} : { namespace }), arguments: JSON.stringify(args) }
  })
  const message: OutputItem = { type: 'message', id: newId('msg'), status: 'completed', role: 'assistant', content: [{ type: 'output_text', text: said.text, annotations: [] }] }
  return [...(said.text === '' ? [] : [message]), ...calls]
}

function envelope(ask: Ask, id: string, status: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { id, object: 'response', created_at: 0, status, model: ask.model, output: [], error: null, usage: null, ...more }
}

function answer(ask: Ask, said: Answer): Response {
  if (ask.stream) return sse([...events(ask, said)])
  return json(200, envelope(ask, newId('resp'), 'completed', { output: outputOf(ask, said), usage: usageOf(ask, said.outputTokens) }))
}

interface StreamEvent {
  type: string
  [key: string]: unknown
}

/** The order of events that clients rely on. */
function* events(ask: Ask, said: Answer): Generator<StreamEvent> {
  const id = newId('resp')
  yield { type: 'response.created', response: envelope(ask, id, 'in_progress') }
  const whole = outputOf(ask, said)
  for (const [index, each] of whole.entries()) yield* itemEvents(each, index)
  yield { type: 'response.completed', response: envelope(ask, id, 'completed', { output: whole, usage: usageOf(ask, said.outputTokens) }) }
}

function* itemEvents(each: OutputItem, index: number): Generator<StreamEvent> {
  const place = { item_id: each.id, output_index: index }
  if (each.type === 'message') {
    yield { type: 'response.output_item.added', output_index: index, item: { ...each, status: 'in_progress', content: [] } }
    const text = (each['content'] as { text: string }[])[0]!.text
    for (const delta of pieces(text)) yield { type: 'response.output_text.delta', ...place, content_index: 0, delta }
    yield { type: 'response.output_text.done', ...place, content_index: 0, text }
  } else {
    yield { type: 'response.output_item.added', output_index: index, item: { ...each, status: 'in_progress' } }
  }
  yield { type: 'response.output_item.done', output_index: index, item: each }
}

/** At most 40 characters each, so that clients have something to put together. Never cuts a surrogate pair. */
function pieces(text: string): string[] {
  return text.match(/[\s\S]{1,40}/gu) ?? []
}

function count(): Response {
  return refuse(404, 'tokens are not counted here')
}

function models(): Response {
  return json(200, { object: 'list', data: [{ id: 'scripted-1', object: 'model', owned_by: 'rehearsal' }] })
}

const inStream = {
  overloaded: { status: 503, code: 'server_is_overloaded', message: 'Our servers are currently overloaded.' },
  api: { status: 500, code: 'server_error', message: 'The server had an error while processing your request.' },
  rate_limit: { status: 429, code: 'rate_limit_exceeded', message: 'Rate limit reached. Please try again in 1s.' },
} as const

function fail(failure: Told, ask: Ask, said: Answer): Response {
  if (failure.kind === 'status') return refuse(failure.status, failure.message, failure.headers)
  if (failure.kind === 'drop') return sse(failure.midway ? beginning(ask, said) : [], { broken: true })
  const { status, code, message } = inStream[failure.error]
  if (!ask.stream) return refuse(status, message)
  const error = { code, message }
  return sse([...beginning(ask, said), { type: 'response.failed', response: envelope(ask, newId('resp'), 'failed', { error }) }])
}

function usedUp(until: number): ReturnType<Wire['usedUp']> {
  return { kind: 'status', status: 429, headers: { 'x-resets-at': String(until / 1000) }, message: 'usage_limit_reached' }
}

/** Up to the first piece of content. */
function beginning(ask: Ask, said: Answer): StreamEvent[] {
  return [...events(ask, said)].slice(0, 3)
}

const errorTypes: Record<number, string> = { 400: 'invalid_request_error', 401: 'invalid_api_key', 403: 'permission_error', 404: 'not_found_error', 429: 'rate_limit_exceeded' }

/**
 * A used-up allowance of a ChatGPT plan is a 429 of its own: a message that begins with its type (`usage_limit_reached`), and
 * `x-resets-at` (s since the epoch) among the headers, make the body that it is read from.
 */
function refuse(status: number, message: string, headers: Record<string, string> = {}): Response {
  const limit = /^(usage_limit_reached|usage_not_included)\b:? ?/.exec(message)
  const { 'x-resets-at': resets, 'x-plan-type': plan, ...rest } = headers
  const type = limit?.[1] ?? errorTypes[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error')
  const more = limit === null ? { param: null, code: type } : { plan_type: plan ?? 'plus', ...(resets === undefined ? {} : { resets_at: Number(resets) }) }
  return json(status, { error: { message: limit === null ? message : message.slice(limit[0].length) || 'The usage limit has been reached', type, ...more } }, rest)
}

/** OpenAI's own CLI asks again after 402, five times; a request that is not a good one it gives up. */
function forbid(message: string): Response {
  return refuse(400, message, { 'x-should-retry': 'false' })
}

function json(status: number, value: unknown, headers: Record<string, string> = {}): Response {
  return Response.json(value, { status, headers })
}
