import { persist, post, sleep, type Reply } from './post.ts'
import type { Tool } from './team.ts'

export type Block =
  | { type: 'text'; text: string }
  | { type: 'tool_use'; id: string; name: string; input: Record<string, unknown> }
  | { type: 'tool_result'; tool_use_id: string; content: string; is_error?: boolean }

export interface Message {
  role: 'user' | 'assistant'
  content: Block[]
}

export interface Answer {
  id: string
  model: string
  content: Block[]
  usage: { input_tokens: number; output_tokens: number; cache_read_input_tokens: number; cache_creation_input_tokens: number }
}

/** The model said no for good: further calls would only be refused again. */
export class Refused extends Error {
  readonly class: 'auth' | 'quota' | 'other'
  /** When it may work again, ms since the epoch. */
  readonly until: number | null

  constructor(kind: 'auth' | 'quota' | 'other', message: string, until: number | null = null) {
    super(message)
    this.class = kind
    this.until = until
  }
}

/** Refusals that may pass are tried so often; the pause is the server's `retry-after`, where it is bearable. */
const attempts = 4
const longestPause = 10_000

export interface Model {
  ask(system: string, tools: Tool[], messages: Message[], signal: AbortSignal): Promise<Answer>
}

/** A model behind Anthropic's Messages API at `url`. Goes on through outages; throws Refused when the model refuses. */
export function model(url: string, token: string, name: string): Model {
  return {
    async ask(system, tools, messages, signal) {
      const offered = tools.map((tool) => ({ name: tool.name, description: tool.description, input_schema: tool.inputSchema }))
      const body = { model: name, max_tokens: 4096, system, tools: offered, messages }
      for (let left = attempts; ; left--) {
        const reply = await persist(() => post(`${url}/v1/messages`, token, body, signal), signal)
        if (reply.status === 200) return JSON.parse(reply.body) as Answer
        await sleep(pauseAfter(reply, left), signal)
      }
    },
  }
}

/** How long to wait before the next try, ms. Throws where there is to be none. */
function pauseAfter(reply: Reply, left: number): number {
  const why = `${reply.status} ${reasonOf(reply.body)}`
  const asked = Number(reply.headers['retry-after'] ?? Number.NaN) * 1000
  if (reply.status === 401 || reply.status === 403) throw new Refused('auth', why)
  if (reply.status === 429 && (left <= 1 || asked > longestPause)) {
    throw new Refused('quota', why, Number.isFinite(asked) ? Date.now() + asked : null)
  }
  if (reply.status < 500 && reply.status !== 429) throw new Refused('other', why)
  if (left <= 1) throw new Refused('other', why)
  return Number.isFinite(asked) ? Math.min(asked, longestPause) : 100 * 2 ** (attempts - left)
}

function reasonOf(body: string): string {
  try {
    return (JSON.parse(body) as { error?: { message?: string } }).error?.message ?? body.slice(0, 200)
  } catch {
    return body.slice(0, 200) // not the API's own words
  }
}
