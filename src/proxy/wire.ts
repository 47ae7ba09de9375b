import type { Tally } from './meter.ts'
import type { Failure } from './scenario.ts'
import type { Turn } from './replay.ts'

/** One provider's HTTP format, read and written. The rest of the proxy knows none. */
export interface Wire {
  /** What a request asks for, or null where it is not of this format. */
  route(method: string, path: string): 'answer' | 'count' | 'models' | null
  /** Throws TroupeError `usage` for a body that is not of this format. Some say a part of it in the path. */
  read(body: unknown, path: string): Ask
  answer(ask: Ask, answer: Answer): Response
  count(ask: Ask): Response
  models(): Response
  /** `ask` is what would have been answered, so that a failure can come in the middle of it. */
  fail(failure: Told, ask: Ask, answer: Answer): Response
  /** How this provider says that an allowance is used up, and given again at `until`, ms since the epoch, whole seconds. */
  usedUp(until: number, now: number): Told & { kind: 'status' }
  /** A request that cannot be served at all. */
  refuse(status: number, message: string, headers?: Record<string, string>): Response
  /** A no that stays one however often it is asked: as the clients of this format take it at once, and show its words. */
  forbid(message: string): Response
  /** The model that a call is for, by its path and the beginning of its body. null: not to be seen there. */
  modelOf(path: string, head: string): string | null
  /** For one answer of a provider. `model` as `modelOf` gave it. */
  tally(model: string | null): Tally
}

/** As most formats have it: in the body, which CLIs begin with it. */
export function modelIn(head: string): string | null {
  return /"model"\s*:\s*"([^"\\]{1,200})"/.exec(head)?.[1] ?? null
}

/** A failure that is an answer as it stands. */
export type Told = Exclude<Failure, { kind: 'never' | 'limit' }>

/** A model call, reduced to what a scenario needs. */
export interface Ask {
  model: string
  stream: boolean
  /** Names of the tools on offer, as the CLI calls them. */
  tools: string[]
  /** A JSON schema that the answer has to satisfy. */
  schema: unknown
  turns: Turn[]
  input: { tokens: number; cacheRead: number; cacheWrite: number }
}

export interface Answer {
  text: string
  calls: { tool: string; args: Record<string, unknown> }[]
  outputTokens: number
}

/** What tokens are in rehearsal: a quarter of the characters, rounded up. Exact, so that metering can be checked. */
export function tokensIn(text: string): number {
  return Math.ceil(text.replaceAll(picture, '$1').length / 4) + (text.match(picture)?.length ?? 0) * pictureTokens
}

/** A picture in a request costs by what it shows, and not by its bytes: about as much with every provider. */
const pictureTokens = 1_500
const picture = /(;base64,|"data":")[A-Za-z0-9+/]{2048,}={0,2}/g
