import { z } from 'zod'
import { TroupeError } from '../core/error.ts'
import { GeminiTally } from './gemini-usage.ts'
import { sseData } from './sse.ts'
import { tokensIn, type Answer, type Ask, type Told, type Wire } from './wire.ts'
import type { Turn } from './replay.ts'

/** Google's generateContent, `v1beta`. The model and the way of answering stand in the path. */
export const gemini: Wire = { route, read, answer, count, models, fail, usedUp, refuse, forbid, modelOf: (path) => called.exec(path)?.[1] ?? null, tally: (model) => new GeminiTally(model) }

const called = /\/models\/([^/:]+):(generateContent|streamGenerateContent|countTokens)$/

function route(method: string, path: string): 'answer' | 'count' | 'models' | null {
  if (method === 'GET') return /\/v1(alpha|beta)\d*\/models(\/[^/:]+)?$/.test(path) ? 'models' : null
  const asked = method === 'POST' ? called.exec(path)?.[2] : undefined
  if (asked === undefined) return null
  return asked === 'countTokens' ? 'count' : 'answer'
}

const part = z.looseObject({
  text: z.string().optional(),
  thought: z.boolean().optional(),
  functionResponse: z.looseObject({ response: z.unknown().optional() }).optional(),
})
const content = z.looseObject({ role: z.enum(['user', 'model']).default('user'), parts: z.array(part).default([]) })
const tool = z.looseObject({ functionDeclarations: z.array(z.looseObject({ name: z.string() })).default([]) })
const requestBody = z.looseObject({
  contents: z.array(content).min(1),
  systemInstruction: z.unknown().optional(),
  tools: z.array(tool).default([]),
  generationConfig: z.looseObject({ responseSchema: z.unknown().optional(), responseJsonSchema: z.unknown().optional() }).optional().catch(undefined),
})
type RequestBody = z.infer<typeof requestBody>
type Content = z.infer<typeof content>

function read(sent: unknown, path: string): Ask {
  const parsed = requestBody.safeParse(sent)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    throw new TroupeError('usage', `${issue.path.join('.') || 'body'}: ${issue.message}`)
  }
  const [, model = '', way] = called.exec(path) ?? []
  const { tools, contents, generationConfig } = parsed.data
  return {
    model,
    stream: way === 'streamGenerateContent',
    tools: tools.flatMap((each) => each.functionDeclarations.map(({ name }) => name)),
    schema: generationConfig?.responseJsonSchema ?? generationConfig?.responseSchema,
    turns: contents.flatMap(toTurns),
    input: countInput(parsed.data),
  }
}

/** What an earlier call has sent is read from the cache, which costs nothing to be written. */
function countInput({ systemInstruction, tools, contents }: RequestBody): Ask['input'] {
  const prefix = tokensIn(JSON.stringify([systemInstruction ?? null, tools, contents.slice(0, -1)]))
  const last = tokensIn(JSON.stringify(contents.at(-1)))
  return contents.every((each) => each.role === 'user') ? { tokens: prefix + last, cacheRead: 0, cacheWrite: 0 } : { tokens: last, cacheRead: prefix, cacheWrite: 0 }
}

/** What the CLI tells of the machine at the beginning, and what hooks add: nothing that its user has said. */
const slippedIn = /^\s*<(session_context|hook_context)>/

/** What the CLI puts in the model's place where somebody stopped the turn. */
const cutShort = '[The previous response was interrupted before it completed.]'

function toTurns({ role, parts }: Content): Turn[] {
  if (role === 'model') return [{ by: parts.some(({ text }) => text === cutShort) ? 'interrupt' : 'model' }]
  return withInterrupts(
    parts.flatMap((each): Turn[] => {
      if (each.functionResponse !== undefined) return textsIn(each.functionResponse.response).flatMap(unwrapped)
      return each.text === undefined || each.text.trim() === '' ? [] : [{ by: 'given', text: each.text.trim(), spoken: !slippedIn.test(each.text) }]
    }),
  )
}

/** A prompt that another follows before any answer was cancelled: it stays in the conversation, and nothing says so. */
function withInterrupts(turns: Turn[]): Turn[] {
  return turns.flatMap((turn, index): Turn[] => {
    const isPrompt = turn.by === 'given' && turn.spoken
    return isPrompt && turns.slice(0, index).some((before) => before.by === 'given' && before.spoken) ? [{ by: 'interrupt' }, turn] : [turn]
  })
}

const wrapped = /^<untrusted_context>\n([\s\S]*?)\n<\/untrusted_context>/
const added = /<hook_context>([\s\S]*?)<\/hook_context>/g

/** The CLI says of a tool's words whose they are, and appends what its hooks add, escaped. */
function unwrapped(text: string): Turn[] {
  const slipped = [...text.matchAll(added)].map((match): Turn => ({ by: 'given', spoken: false, text: match[1]!.replaceAll('&lt;', '<').replaceAll('&gt;', '>') }))
  const said = text.replace(added, '').trim()
  return [{ by: 'tool', text: wrapped.exec(said)?.[1] ?? said }, ...slipped]
}

/** The CLI puts a tool's words into `output` or `error`; what is no text stays JSON. */
function textsIn(response: unknown): string[] {
  if (typeof response === 'string') return [response]
  if (typeof response !== 'object' || response === null) return []
  return Object.values(response).map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
}

interface Chunk {
  [key: string]: unknown
}

function usageOf({ input }: Ask, outputTokens: number): Record<string, number> {
  const promptTokenCount = input.tokens + input.cacheRead
  return {
    promptTokenCount,
    candidatesTokenCount: outputTokens,
    totalTokenCount: promptTokenCount + outputTokens,
    ...(input.cacheRead === 0 ? {} : { cachedContentTokenCount: input.cacheRead }),
  }
}

function chunk(ask: Ask, parts: unknown[], end: { outputTokens: number } | null): Chunk {
  const candidate = { content: { role: 'model', parts }, index: 0, ...(end === null ? {} : { finishReason: 'STOP' }) }
  return { candidates: [candidate], modelVersion: ask.model, responseId: crypto.randomUUID(), ...(end === null ? {} : { usageMetadata: usageOf(ask, end.outputTokens) }) }
}

function callsOf(said: Answer): unknown[] {
  return said.calls.map(({ tool: name, args }) => ({ functionCall: { name, args } }))
}

function answer(ask: Ask, said: Answer): Response {
  if (ask.stream) return sseData(chunks(ask, said))
  return Response.json(chunk(ask, [...(said.text === '' ? [] : [{ text: said.text }]), ...callsOf(said)], said))
}

/** Text in pieces, calls whole; what it cost comes with the last one alone. */
function* chunks(ask: Ask, said: Answer): Generator<Chunk> {
  // At most 40 characters each, so that clients have something to put together. Never cuts a surrogate pair.
  const texts = (said.text.match(/[\s\S]{1,40}/gu) ?? []).map((text) => ({ text }))
  const parts: unknown[] = [...texts, ...callsOf(said)]
  for (const each of parts.slice(0, -1)) yield chunk(ask, [each], null)
  yield chunk(ask, parts.slice(-1), said)
}

function count({ input }: Ask): Response {
  return Response.json({ totalTokens: input.tokens + input.cacheRead })
}

function models(): Response {
  const model = { name: 'models/scripted-1', displayName: 'Scripted', supportedGenerationMethods: ['generateContent', 'countTokens'] }
  return Response.json({ models: [model] })
}

const statuses: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  402: 'FAILED_PRECONDITION',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

const inStream = {
  overloaded: { status: 503, message: 'The model is overloaded. Please try again later.' },
  api: { status: 500, message: 'An internal error has occurred.' },
  rate_limit: { status: 429, message: 'Resource has been exhausted (e.g. check quota).' },
} as const

function fail(failure: Told, ask: Ask, said: Answer): Response {
  if (failure.kind === 'status') return refuse(failure.status, failure.message, failure.headers)
  if (failure.kind === 'drop') return sseData(failure.midway ? beginning(ask, said) : [], { broken: true })
  const { status, message } = inStream[failure.error]
  return ask.stream ? sseData([...beginning(ask, said), error(status, message, {})]) : refuse(status, message)
}

function usedUp(until: number, now: number): ReturnType<Wire['usedUp']> {
  return { kind: 'status', status: 429, headers: { 'retry-after': String(Math.round((until - now) / 1000)) }, message: 'Quota exceeded for requests.' }
}

/** The first piece of an answer that has more. */
function beginning(ask: Ask, said: Answer): Chunk[] {
  return [chunk(ask, [{ text: said.text.slice(0, 40) || '…' }], null)]
}

function refuse(status: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json(error(status, message, headers), { status, headers })
}

function forbid(message: string): Response {
  return refuse(402, message)
}

function error(code: number, message: string, headers: Record<string, string>): Chunk {
  const status = statuses[code] ?? (code >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT')
  const details = code === 429 ? quotaDetails(message, headers['retry-after']) : []
  return { error: { code, message, status, ...(details.length === 0 ? {} : { details }) } }
}

/** As Google says which allowance is used up, and when to come again. `retryAfter`: seconds, or a date. */
function quotaDetails(message: string, retryAfter: string | undefined): unknown[] {
  const daily = /per day|daily/i.test(message)
  const violation = { quotaMetric: 'generativelanguage.googleapis.com/generate_content_requests', quotaId: 'GenerateRequestsPerDayPerProjectPerModel' }
  return [
    ...(daily ? [{ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [violation] }] : []),
    ...(retryAfter === undefined ? [] : [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${secondsOf(retryAfter)}s` }]),
  ]
}

function secondsOf(retryAfter: string): number {
  return /^\d+$/.test(retryAfter) ? Number(retryAfter) : Math.max(0, Math.round((Date.parse(retryAfter) - Date.now()) / 1000))
}
