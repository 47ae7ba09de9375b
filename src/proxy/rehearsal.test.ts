import { serve } from '@hono/node-server'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { parseScenario } from './load.ts'
import { rehearsal, resolveTool, type Rehearsal } from './rehearsal.ts'
import { tokensIn } from './wire.ts'

const scenario = parseScenario(
  `
about: test
agents:
  "*":
    - when: call
      do: [{ text: Calling., tool: dm, args: { to: dev, text: "héllo 👋 and a text long enough for more than one piece" } }, { text: end }]
    - when: limit
      do: [{ status: 429, headers: { retry-after: 7 }, message: slow down, times: 2 }, { text: through }]
    - when: overloaded
      do: [{ error: overloaded }, { text: through }]
    - when: drop
      do: [{ drop: true }, { drop: midway }, { text: through }]
    - when: never
      do: [{ never: true }, { text: through }]
    - when: slow
      do: [{ text: late, delay: 3600000 }]
    - when: missing
      do: [{ tool: nothing }]
`,
  'test.yaml',
)
const tools = [{ name: 'mcp__team__dm', input_schema: {} }, { name: 'Bash', input_schema: {} }]

function model(): { scripted: Rehearsal; ask(text: string, more?: object, signal?: AbortSignal): Promise<Response> } {
  const scripted = rehearsal(scenario, { clock: systemClock })
  return { scripted, ask: (text, more, signal) => scripted.handle(request(text, more, signal), { agent: 'p:a' }) }
}

function request(text: string, more: object = {}, signal?: AbortSignal): Request {
  const body = JSON.stringify({ model: 'm', max_tokens: 100, system: 'be good', tools, messages: [{ role: 'user', content: text }], ...more })
  return new Request('http://x/model/v1/messages', { method: 'POST', body, ...(signal === undefined ? {} : { signal }) })
}

interface StreamEvent {
  type: string
  [key: string]: unknown
}

function parse(sse: string): StreamEvent[] {
  return sse
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const [, name, data] = /^event: (\S+)\ndata: (.*)$/.exec(block)!
      const event = JSON.parse(data!) as StreamEvent
      expect(event.type).toBe(name)
      return event
    })
}

/** The same shape with every value replaced by its type. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape)
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, key === 'type' ? each : shape(each)]))
}

it('fails as often as a scenario says: at words of its own in each conversation, at a message once, wherever it is shown', async () => {
  const { ask } = model()
  const statuses = async (text: string): Promise<number[]> => {
    const found: number[] = []
    for (let n = 0; n < 4; n++) found.push((await ask(text)).status)
    return found
  }
  expect(await statuses('limit')).toEqual([429, 429, 200, 429])
  expect(await statuses('[mail #7 · from user · id m]\n<<<f00\nlimit\nf00>>>')).toEqual([429, 429, 200, 200])
})

describe('answers on the wire', () => {
  it('streams the events that clients rely on, in their order and shape', async () => {
    const response = await model().ask('call', { stream: true })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const events = parse(await response.text())
    const usage = { input_tokens: 'number', cache_creation_input_tokens: 'number', cache_read_input_tokens: 'number', output_tokens: 'number' }
    const delta = (index: string, type: string, key: string) => ({ type: 'content_block_delta', index, delta: { type, [key]: 'string' } })
    expect(events.map(shape)).toEqual([
      {
        type: 'message_start',
        message: { id: 'string', type: 'message', role: 'string', model: 'string', content: [], stop_reason: null, stop_sequence: null, usage },
      },
      { type: 'ping' },
      { type: 'content_block_start', index: 'number', content_block: { type: 'text', text: 'string' } },
      delta('number', 'text_delta', 'text'),
      { type: 'content_block_stop', index: 'number' },
      { type: 'content_block_start', index: 'number', content_block: { type: 'tool_use', id: 'string', name: 'string', input: {} } },
      delta('number', 'input_json_delta', 'partial_json'),
      delta('number', 'input_json_delta', 'partial_json'),
      { type: 'content_block_stop', index: 'number' },
      { type: 'message_delta', delta: { stop_reason: 'string', stop_sequence: null }, usage },
      { type: 'message_stop' },
    ])
    const json = events.map((event) => (event['delta'] as { partial_json?: string } | undefined)?.partial_json ?? '').join('')
    expect(JSON.parse(json)).toEqual({ to: 'dev', text: 'héllo 👋 and a text long enough for more than one piece' })
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' } })
  })

  it('answers at once where no stream is asked for', async () => {
    const answer = await (await model().ask('call')).json()
    expect(answer).toMatchObject({
      type: 'message',
      role: 'assistant',
      stop_reason: 'tool_use',
      content: [{ type: 'text', text: 'Calling.' }, { type: 'tool_use', name: 'mcp__team__dm', input: { to: 'dev' } }],
    })
  })

  it('goes on after a tool result, and ends', async () => {
    const messages = [
      { role: 'user', content: [{ type: 'text', text: '<system-reminder>missing</system-reminder>' }, { type: 'text', text: 'call' }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'mcp__team__dm', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: '{"id":1}' }] }] },
    ]
    const answer = await (await model().ask('', { messages })).json()
    expect(answer).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text', text: 'end' }] })
  })

  it('counts tokens exactly: a quarter of the characters', async () => {
    const { scripted, ask } = model()
    const answer = (await (await ask('call')).json()) as { usage: Record<string, number> }
    const last = { role: 'user', content: 'call' }
    const args = JSON.stringify({ to: 'dev', text: 'héllo 👋 and a text long enough for more than one piece' })
    expect(answer.usage).toEqual({
      input_tokens: tokensIn(JSON.stringify(last)),
      cache_creation_input_tokens: tokensIn(JSON.stringify(['be good', tools, []])),
      cache_read_input_tokens: 0,
      output_tokens: tokensIn(`Calling.${args}`),
    })
    expect(scripted.requests()[0]?.usage).toEqual({
      input: answer.usage['input_tokens'],
      cacheWrite: answer.usage['cache_creation_input_tokens'],
      cacheRead: 0,
      output: answer.usage['output_tokens'],
    })
    const counted = await scripted.handle(
      new Request('http://x/v1/messages/count_tokens', { method: 'POST', body: JSON.stringify({ model: 'm', messages: [last] }) }),
      { agent: 'p:a' },
    )
    expect(await counted.json()).toEqual({ input_tokens: tokensIn(JSON.stringify(last)) + tokensIn(JSON.stringify([null, [], []])) })
  })

  it('answers calls for the CLI’s own use without touching the script', async () => {
    const { scripted, ask } = model()
    const plain = await (await ask('call', { tools: [] })).json()
    expect(plain).toMatchObject({ content: [{ type: 'text', text: 'Rehearsal' }] })
    const schema = { type: 'object', properties: { title: { type: 'string' }, n: { type: 'integer' } }, required: ['title', 'n'] }
    const titled = (await (await ask('call', { output_config: { format: { type: 'json_schema', schema } } })).json()) as {
      content: { text: string }[]
    }
    expect(JSON.parse(titled.content[0]!.text)).toEqual({ title: 'Rehearsal', n: 0 })
    expect(scripted.requests().map((each) => each.kind)).toEqual(['side', 'side'])
  })

  it('says which tool it misses', async () => {
    expect(await (await model().ask('missing')).text()).toContain('nothing\\", which is not on offer: mcp__team__dm, Bash')
  })

  it('refuses what it does not serve, in the provider’s words', async () => {
    const { scripted } = model()
    const at = (path: string, init?: RequestInit) => scripted.handle(new Request(`http://x${path}`, init), { agent: 'p:a' })
    expect((await at('/')).status).toBe(200)
    expect((await at('/', { method: 'HEAD' })).status).toBe(200)
    expect(await (await at('/v1/models')).json()).toMatchObject({ data: [{ type: 'model' }] })
    expect((await at('/v1/other', { method: 'POST' })).status).toBe(404)
    const broken = await at('/v1/messages', { method: 'POST', body: '{' })
    expect([broken.status, await broken.json()]).toMatchObject([400, { type: 'error', error: { type: 'invalid_request_error' } }])
    expect((await at('/v1/messages', { method: 'POST', body: '{"model":"m"}' })).status).toBe(400)
  })
})

describe('failures', () => {
  it('fail as often as the script says, then let the words through', async () => {
    const { ask } = model()
    for (let time = 0; time < 2; time++) {
      const refused = await ask('limit')
      expect(refused.status).toBe(429)
      expect(refused.headers.get('retry-after')).toBe('7')
      expect(await refused.json()).toMatchObject({ type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } })
    }
    expect(await (await ask('limit')).json()).toMatchObject({ content: [{ text: 'through' }] })
  })

  it('come in the middle of a stream', async () => {
    const { ask } = model()
    const events = parse(await (await ask('overloaded', { stream: true })).text())
    expect(events[0]).toMatchObject({ type: 'message_start' })
    expect(events.at(-1)).toEqual({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })
  })

  it('hold a call until the caller goes, and note it', async () => {
    const { scripted, ask } = model()
    for (const text of ['never', 'slow']) {
      const leave = new AbortController()
      const held = ask(text, {}, leave.signal)
      await Promise.resolve()
      leave.abort()
      expect((await held).status).toBe(499)
    }
    expect(scripted.requests().map((each) => each.outcome)).toEqual(['never'])
  })

  describe('over a real connection', () => {
    const server = { close: (): Promise<void> => Promise.resolve() }
    afterEach(() => server.close())

    it('break it, at the beginning and midway', async () => {
      const { scripted } = model()
      const port = await new Promise<number>((resolve) => {
        const listening = serve({ fetch: (incoming) => scripted.handle(incoming, { agent: 'p:a' }), hostname: '127.0.0.1', port: 0 }, (info) =>
          resolve(info.port),
        )
        server.close = () => new Promise((done) => listening.close(() => done()))
      })
      const body = JSON.stringify({ model: 'm', stream: true, tools, messages: [{ role: 'user', content: 'drop' }] })
      const ask = async (): Promise<string> => {
        const response = await fetch(`http://127.0.0.1:${port}/v1/messages`, { method: 'POST', body })
        return response.text()
      }
      await expect(ask()).rejects.toThrow()
      await expect(ask()).rejects.toThrow()
      expect(await ask()).toContain('through')
    })
  })
})

it.each([
  ['dm', ['a', 'dm', 'x__dm'], 'dm'],
  ['dm', ['odm', 'mcp__team__dm'], 'mcp__team__dm'],
  ['dm', ['team_dm'], 'team_dm'],
  ['dm', ['admin', 'odm'], null],
])('finds %s among %j', (short, offered, found) => {
  expect(resolveTool(short, offered)).toBe(found)
})
