import { createParser } from 'eventsource-parser'
import { NotNow, persist, post } from './post.ts'

export interface Tool {
  name: string
  description?: string
  inputSchema: { properties?: Record<string, unknown> }
}

export interface ToolResult {
  text: string
  isError: boolean
  data: unknown
}

export interface InboxMessage {
  id: number
  sender: string
  text: string
}

/** The team's tools, over MCP. The server keeps no session, so no call needs another before it. */
export interface TeamTools {
  list(signal: AbortSignal): Promise<Tool[]>
  /** Goes on through outages of the daemon until `signal` is aborted. */
  call(name: string, args: Record<string, unknown>, signal: AbortSignal): Promise<ToolResult>
  /** Waits up to 45 s for mail that this run has not had yet. `lost` hears of each outage. */
  watch(signal: AbortSignal, lost: (error: Error) => void): Promise<InboxMessage[]>
}

interface RpcReply {
  id?: number
  result?: { tools?: Tool[]; content?: { type: string; text?: string }[]; structuredContent?: unknown; isError?: boolean }
  error?: { message: string }
}

export function teamTools(url: string, token: string): TeamTools {
  let lastId = 0
  const ask = async (method: string, params: unknown, signal: AbortSignal): Promise<RpcReply> => {
    const id = ++lastId
    const reply = await post(url, token, { jsonrpc: '2.0', id, method, params }, signal)
    if (reply.status !== 200) throw new NotNow(`${url} answers ${reply.status}: ${reply.body.slice(0, 200)}`)
    return answerTo(id, reply.headers['content-type'] ?? '', reply.body)
  }
  const call = async (name: string, args: Record<string, unknown>, signal: AbortSignal): Promise<ToolResult> =>
    resultOf(await ask('tools/call', { name, arguments: args }, signal))
  return {
    list: async (signal) => (await persist(() => ask('tools/list', {}, signal), signal)).result?.tools ?? [],
    call: (name, args, signal) => persist(() => call(name, args, signal), signal),
    async watch(signal, lost) {
      const { data, isError, text } = await persist(() => watching(call, signal), signal, lost)
      const found = (data as { messages?: InboxMessage[] } | undefined)?.messages
      if (isError || found === undefined) throw new Error(`inbox_watch failed: ${text}`)
      return found
    },
  }
}

/** A refused watch is tried again like an outage: there is nothing else an agent without mail could do. */
async function watching(call: TeamTools['call'], signal: AbortSignal): Promise<ToolResult> {
  const result = await call('inbox_watch', { timeout_ms: 45_000 }, signal)
  if (result.isError) throw new NotNow(result.text)
  return result
}

/** A reply comes as plain JSON, or as an event stream that may carry notifications before it. */
function answerTo(id: number, type: string, body: string): RpcReply {
  if (!type.includes('text/event-stream')) return JSON.parse(body) as RpcReply
  let answer: RpcReply | undefined
  const parser = createParser({
    onEvent({ data }) {
      const message = JSON.parse(data) as RpcReply
      if (message.id === id) answer = message
    },
  })
  parser.feed(body)
  if (answer === undefined) throw new NotNow('the answer ended before its result')
  return answer
}

function resultOf({ result, error }: RpcReply): ToolResult {
  if (error !== undefined) return { text: error.message, isError: true, data: undefined }
  const text = (result?.content ?? []).map((each) => each.text ?? '').join('\n')
  return { text, isError: result?.isError === true, data: result?.structuredContent ?? parseOr(text) }
}

function parseOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // plain text, no data
  }
}
