import { describe, expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { parseScenario } from './load.ts'
import { openaiChat } from './openai-chat.ts'
import { rehearsal } from './rehearsal.ts'

const scenario = parseScenario(
  `
about: test
agents:
  "*":
    - when: call
      do: [{ text: Calling., tool: dm, args: { to: dev, text: "héllo 👋 and a text long enough for more than one piece" } }, { text: end }]
    - when: limit
      do: [{ status: 429, headers: { retry-after: 7 }, message: slow down }, { text: through }]
    - when: overloaded
      do: [{ error: overloaded }, { text: through }]
    - when: drop
      do: [{ drop: midway }, { text: through }]
    - when: slow
      do: [{ text: late, delay: 3600000 }]
    - otherwise: [{ text: understood }]
`,
  'test.yaml',
)
const tools = [{ type: 'function', function: { name: 'team_dm', parameters: {} } }]
const user = (content: unknown) => ({ role: 'user', content })

function model() {
  const scripted = rehearsal(scenario, { clock: systemClock })
  const ask = async (messages: object[], more: object = {}, signal?: AbortSignal): Promise<Response> => {
    const body = JSON.stringify({ model: 'm', stream: true, tools, messages: [{ role: 'system', content: 'call nobody' }, ...messages], ...more })
    return await scripted.handle(new Request('http://x/model/v1/chat/completions', { method: 'POST', body, ...(signal === undefined ? {} : { signal }) }), { agent: 'p:a' })
  }
  return { scripted, ask }
}

interface Chunk {
  choices: { delta: { content?: string; tool_calls?: { index: number; id?: string; function: { name?: string; arguments: string } }[] }; finish_reason: string | null }[]
  usage?: Record<string, unknown>
  error?: { message: string; code: string }
}

/** The chunks of a stream that ends as it must. */
async function chunksOf(response: Response): Promise<Chunk[]> {
  const blocks = (await response.text()).split('\n\n').filter((block) => block !== '')
  return blocks.filter((block) => block !== 'data: [DONE]').map((block) => JSON.parse(block.slice('data: '.length)) as Chunk)
}

const textOf = (chunks: Chunk[]) => chunks.map(({ choices }) => choices?.[0]?.delta.content ?? '').join('')

describe('Chat Completions', () => {
  it('streams text, a call in pieces, the reason and the usage, in this order', async () => {
    const { scripted, ask } = model()
    const response = await ask([user('call')])
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const chunks = await chunksOf(response)
    expect(textOf(chunks)).toBe('Calling.')
    const calls = chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? [])
    expect(calls[0]).toMatchObject({ index: 0, id: expect.stringMatching(/^call_/) as string, function: { name: 'team_dm', arguments: '' } })
    expect(calls.length).toBeGreaterThan(2)
    expect(JSON.parse(calls.map((call) => call.function.arguments).join(''))).toEqual({ to: 'dev', text: 'héllo 👋 and a text long enough for more than one piece' })
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('tool_calls')
    const [asked] = scripted.requests()
    const { input, output } = asked!.usage
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output } })
  })

  it('reads what the conversation held at the last answer from the cache, and tells of it within the prompt', async () => {
    const { scripted, ask } = model()
    await ask([user('hello')])
    const chunks = await chunksOf(await ask([user('hello'), { role: 'assistant', content: 'understood' }, user([{ type: 'text', text: 'again' }])]))
    const [first, second] = scripted.requests()
    expect(first!.usage.cacheRead).toBe(0)
    expect(second!.usage.cacheRead).toBe(first!.usage.input)
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: second!.usage.input + second!.usage.cacheRead, prompt_tokens_details: { cached_tokens: second!.usage.cacheRead } })
  })

  it('answers whole where no stream is wanted, and calls without tools are the CLI’s own', async () => {
    const { scripted, ask } = model()
    const whole = (await (await ask([user('call')], { stream: false })).json()) as { choices: { message: { tool_calls: unknown[] }; finish_reason: string }[] }
    expect(whole.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: 'Calling.', tool_calls: [{ type: 'function' }] } })
    await ask([user('title, please')], { tools: undefined })
    expect(scripted.requests().map(({ kind }) => kind)).toEqual(['turn', 'side'])
  })

  it('follows a conversation with results of tools, and takes a person’s no for the end of the turn', async () => {
    const { ask } = model()
    const called = [user('call'), { role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'team_dm', arguments: '{}' } }] }]
    const went = await ask([...called, { role: 'tool', tool_call_id: 'c', content: 'sent' }])
    expect(textOf(await chunksOf(went))).toBe('end')
    const refused = await ask([...called, { role: 'tool', tool_call_id: 'c', content: 'The user rejected permission to use this specific tool call.' }, user('hello')])
    expect(textOf(await chunksOf(refused))).toBe('understood')
  })

  it('fails as the provider does', async () => {
    const { ask } = model()
    const limited = await ask([user('limit')])
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7'])
    expect(await limited.json()).toMatchObject({ error: { message: 'slow down', code: 'rate_limit_exceeded' } })
    expect(textOf(await chunksOf(await ask([user('limit')])))).toBe('through')
    const chunks = await chunksOf(await ask([user('overloaded')]))
    expect(chunks.at(-1)?.error).toMatchObject({ code: 'overloaded' })
    await expect((await model().ask([user('drop')])).text()).rejects.toThrow('dropped')
    const garbage = await model().scripted.handle(new Request('http://x/v1/chat/completions', { method: 'POST', body: '{"model":"m"}' }), { agent: 'p:a' })
    expect(garbage.status).toBe(400)
    expect(openaiChat.route('GET', '/v1/chat/completions')).toBeNull()
  })

  it('forgets a turn that its caller gave up, once more is said, and repeats it for who asks again', async () => {
    const { ask } = model()
    const giveUp = async () => {
      const left = new AbortController()
      const asked = ask([user('slow')], {}, left.signal)
      left.abort()
      expect((await asked).status).toBe(499)
    }
    await giveUp()
    await giveUp()
    expect(textOf(await chunksOf(await ask([user('slow'), user('hello')])))).toBe('understood')
  })

  it('takes a turn for given up by who says more, also where it hears of that only later', async () => {
    const { ask } = model()
    const left = new AbortController()
    const slow = ask([user('slow')], {}, left.signal)
    expect(textOf(await chunksOf(await ask([user('slow'), user('hello')])))).toBe('understood')
    left.abort()
    expect((await slow).status).toBe(499)
    expect(textOf(await chunksOf(await ask([user('slow'), user('hello')])))).toBe('understood')
  })
})
