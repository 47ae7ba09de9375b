import { z } from 'zod'
import { TroupeError } from '../core/error.ts'
import { AnthropicTally } from './anthropic-usage.ts'
import { sse } from './sse.ts'
import { modelIn, tokensIn, type Answer, type Ask, type Told, type Wire } from './wire.ts'
import type { Turn } from './replay.ts'

/** Anthropic's Messages API, as of its version header 2023-06-01. */
export const anthropic: Wire = { route, read, answer, count, models, fail, usedUp, refuse, forbid, modelOf: (_path, body) => modelIn(body), tally: () => new AnthropicTally() }

function route(method: string, path: string): 'answer' | 'count' | 'models' | null {
  if (method === 'POST' && path.endsWith('/v1/messages')) return 'answer'
  if (method === 'POST' && path.endsWith('/v1/messages/count_tokens')) return 'count'
  return method === 'GET' && /\/v1\/models(\/[^/]+)?$/.test(path) ? 'models' : null
}

const block = z.looseObject({ type: z.string(), text: z.string().optional(), content: z.unknown().optional() })
const turnMessage = z.object({ role: z.enum(['user', 'assistant', 'system']), content: z.union([z.string(), z.array(block)]) })
const format = z.looseObject({ type: z.literal('json_schema'), schema: z.unknown().optional() })
const requestBody = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  system: z.unknown().optional(),
  tools: z.array(z.looseObject({ name: z.string() })).default([]),
  messages: z.array(turnMessage).min(1),
  output_format: format.optional().catch(undefined),
  output_config: z.looseObject({ format: format.optional() }).optional().catch(undefined),
})
type RequestBody = z.infer<typeof requestBody>
type Message = z.infer<typeof turnMessage>

function read(sent: unknown): Ask {
  const parsed = requestBody.safeParse(sent)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    throw new TroupeError('usage', `${issue.path.join('.') || 'body'}: ${issue.message}`)
  }
  const { model, stream, tools, messages, output_format, output_config } = parsed.data
  return {
    model,
    stream,
    tools: tools.map((tool) => tool.name),
    schema: (output_config?.format ?? output_format)?.schema,
    turns: messages.flatMap(toTurns),
    input: countInput(parsed.data),
  }
}

/** Everything before the last message is the cached part: written by the first call, read by the later ones. */
function countInput({ system, tools, messages }: RequestBody): Ask['input'] {
  const prefix = tokensIn(JSON.stringify([system ?? null, tools, messages.slice(0, -1)]))
  const first = messages.every((each) => each.role !== 'assistant')
  const tokens = tokensIn(JSON.stringify(messages.at(-1)))
  return { tokens, cacheRead: first ? 0 : prefix, cacheWrite: first ? prefix : 0 }
}

/** What CLIs write into the conversation themselves; never words for the model to act on. */
const asides = /<(system-reminder|local-command-stdout|local-command-caveat|command-name|command-message|command-args)>[\s\S]*?<\/\1>/g

function toTurns({ role, content }: Message): Turn[] {
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content, content: undefined }] : content
  if (role === 'assistant') return isStopgap(blocks) ? [] : [{ by: 'model' }]
  return blocks.flatMap((each): Turn[] => {
    if (each.type === 'tool_result') return toolTexts(each.content).map((text) => ({ by: 'tool', text }))
    if (each.type !== 'text' || each.text === undefined) return []
    if (each.text.startsWith('[Request interrupted by user')) return [{ by: 'interrupt' }]
    const text = each.text.replace(asides, '').trim()
    return text === '' ? [] : [{ by: 'given', text, spoken: role === 'user' }]
  })
}

/** What the CLI puts into its conversation as if the model had said it: where a call failed, and where a run was cut short. */
const stopgap = /^(API Error:|No response requested\.$)/

function isStopgap(blocks: { type: string; text?: string | undefined }[]): boolean {
  return blocks.length > 0 && blocks.every((each) => each.type === 'text' && stopgap.test(each.text ?? ''))
}

function toolTexts(content: unknown): string[] {
  if (typeof content === 'string') return [content]
  const parsed = z.array(block).safeParse(content)
  return parsed.success ? parsed.data.flatMap((each) => each.text ?? []) : []
}

function usageOf(ask: Ask, outputTokens: number): Record<string, number> {
  return {
    input_tokens: ask.input.tokens,
    cache_creation_input_tokens: ask.input.cacheWrite,
    cache_read_input_tokens: ask.input.cacheRead,
    output_tokens: outputTokens,
  }
}

function newId(kind: 'msg' | 'toolu' | 'req'): string {
  return `${kind}_${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}`
}

function envelope(ask: Ask, content: unknown[], stop: string | null, outputTokens: number): Record<string, unknown> {
  const usage = usageOf(ask, outputTokens)
  return { id: newId('msg'), type: 'message', role: 'assistant', model: ask.model, content, stop_reason: stop, stop_sequence: null, usage }
}

function contentOf(said: Answer): ({ type: 'text'; text: string } | { type: 'tool_use'; id: string; name: string; input: unknown })[] {
  const calls = said.calls.map((call) => ({ type: 'tool_use' as const, id: newId('toolu'), name: call.tool, input: call.args }))
  return [...(said.text === '' ? [] : [{ type: 'text' as const, text: said.text }]), ...calls]
}

function answer(ask: Ask, said: Answer): Response {
  if (ask.stream) return sse(events(ask, said))
  return json(200, envelope(ask, contentOf(said), stopOf(said), said.outputTokens))
}

function stopOf(said: Answer): string {
  return said.calls.length > 0 ? 'tool_use' : 'end_turn'
}

interface StreamEvent {
  type: string
  [key: string]: unknown
}

/** The order of events that clients rely on. */
function* events(ask: Ask, said: Answer): Generator<StreamEvent> {
  yield { type: 'message_start', message: envelope(ask, [], null, 1) }
  yield { type: 'ping' }
  for (const [index, content] of contentOf(said).entries()) {
    const isText = content.type === 'text'
    yield { type: 'content_block_start', index, content_block: isText ? { type: 'text', text: '' } : { ...content, input: {} } }
    for (const piece of pieces(isText ? content.text : JSON.stringify(content.input))) {
      const delta = isText ? { type: 'text_delta', text: piece } : { type: 'input_json_delta', partial_json: piece }
      yield { type: 'content_block_delta', index, delta }
    }
    yield { type: 'content_block_stop', index }
  }
  yield { type: 'message_delta', delta: { stop_reason: stopOf(said), stop_sequence: null }, usage: usageOf(ask, said.outputTokens) }
  yield { type: 'message_stop' }
}

/** At most 40 characters each, so that clients have something to put together. Never cuts a surrogate pair. */
function pieces(text: string): string[] {
  return text.match(/[\s\S]{1,40}/gu) ?? []
}

function count(ask: Ask): Response {
  const { tokens, cacheRead, cacheWrite } = ask.input
  return json(200, { input_tokens: tokens + cacheRead + cacheWrite })
}

function models(): Response {
  const model = { type: 'model', id: 'scripted-1', display_name: 'Scripted', created_at: '2026-01-01T00:00:00Z' }
  return json(200, { data: [model], has_more: false, first_id: model.id, last_id: model.id })
}

const errorTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

const inStream = {
  overloaded: { status: 529, type: 'overloaded_error', message: 'Overloaded' },
  api: { status: 500, type: 'api_error', message: 'Internal server error' },
  rate_limit: { status: 429, type: 'rate_limit_error', message: 'This request would exceed your rate limit' },
} as const

function fail(failure: Told, ask: Ask, said: Answer): Response {
  if (failure.kind === 'status') return refuse(failure.status, failure.message, failure.headers)
  if (failure.kind === 'drop') return sse(failure.midway ? beginning(ask, said) : [], { broken: true })
  const { status, type, message } = inStream[failure.error]
  if (!ask.stream) return refuse(status, message)
  return sse([...beginning(ask, said), { type: 'error', error: { type, message } }])
}

/** In words too: with a key, the CLI shows the words alone. */
function usedUp(until: number, now: number): ReturnType<Wire['usedUp']> {
  const seconds = String(Math.round((until - now) / 1000))
  const unified = { 'anthropic-ratelimit-unified-status': 'rejected', 'anthropic-ratelimit-unified-reset': String(until / 1000), 'anthropic-ratelimit-unified-representative-claim': 'five_hour' }
  const message = `You've hit your usage limit · resets ${new Date(until).toISOString()}`
  return { kind: 'status', status: 429, headers: { 'x-should-retry': 'false', 'retry-after': seconds, ...unified }, message }
}

/** Up to the first piece of content. */
function beginning(ask: Ask, said: Answer): StreamEvent[] {
  return [...events(ask, said)].slice(0, 4)
}

/** 402 stops them at once: anything else they would ask again, or take for a fault of the key. */
function forbid(message: string): Response {
  return refuse(402, message, { 'x-should-retry': 'false' })
}

function refuse(status: number, message: string, headers: Record<string, string> = {}): Response {
  const type = errorTypes[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
  return json(status, { type: 'error', error: { type, message }, request_id: newId('req') }, headers)
}

function json(status: number, value: unknown, headers: Record<string, string> = {}): Response {
  return Response.json(value, { status, headers: { 'request-id': newId('req'), ...headers } })
}
