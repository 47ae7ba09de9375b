import { describe, expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { parseScenario } from './load.ts'
import { rehearsal } from './rehearsal.ts'

const scenario = parseScenario(
  `
about: test
agents:
  "*":
    - when: call
      do: [{ text: Calling., tool: dm, args: { to: dev, text: "héllo 👋 and a text long enough for more than one piece" } }, { text: end }]
    - when: patch
      do: [{ tool: apply_patch, args: { input: "*** Begin Patch" } }]
    - when: limit
      do: [{ status: 429, headers: { x-resets-at: 1800000000, x-plan-type: pro }, message: "usage_limit_reached", times: 1 }]
    - when: slow down
      do: [{ status: 429, headers: { retry-after: 7 }, message: slow down, times: 1 }]
    - when: unauthorized
      do: [{ status: 401, message: bad key, times: 1 }]
    - when: overloaded
      do: [{ error: overloaded }, { text: through }]
    - when: drop
      do: [{ drop: midway }, { text: through }]
`,
  'test.yaml',
)

const tools = [
  { type: 'function', name: 'exec_command', parameters: {} },
  { type: 'custom', name: 'apply_patch' },
  { type: 'namespace', name: 'mcp__team', tools: [{ type: 'function', name: 'dm' }] },
  { type: 'web_search' },
]
const user = (text: string) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] })

function model() {
  const scripted = rehearsal(scenario, { clock: systemClock })
  const ask = async (input: unknown[], more: object = {}) => {
    const body = JSON.stringify({ model: 'm', stream: true, instructions: 'be good', tools, input, ...more })
    return await scripted.handle(new Request('http://x/model/v1/responses', { method: 'POST', body }), { agent: 'p:a' })
  }
  return { scripted, ask }
}

type Event = { type: string; item?: Record<string, unknown>; delta?: string; response?: { usage: Record<string, unknown>; error: unknown } }

async function events(answer: Response): Promise<Event[]> {
  return [...(await answer.text()).matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as Event)
}

const done = (told: Event[]) => told.filter((each) => each.type === 'response.output_item.done').map((each) => each.item!)

describe('OpenAI Responses', () => {
  it('streams text in pieces, and a call of a server’s tool with its namespace', async () => {
    const told = await events(await model().ask([user('call')]))
    expect([told[0]?.type, told.at(-1)?.type]).toEqual(['response.created', 'response.completed'])
    const [message, call] = done(told)
    expect(message).toMatchObject({ type: 'message', content: [{ text: 'Calling.' }] })
    expect(call).toMatchObject({ type: 'function_call', name: 'dm', namespace: 'mcp__team' })
    expect(JSON.parse(String(call!['arguments']))).toMatchObject({ to: 'dev' })
  })

  it('calls a tool that takes plain text with just that', async () => {
    expect(done(await events(await model().ask([user('patch')])))[0]).toMatchObject({ type: 'custom_tool_call', name: 'apply_patch', input: '*** Begin Patch' })
  })

  it('goes on after what a tool returned, and after an interrupted turn with the next words alone', async () => {
    const call = { type: 'function_call', call_id: 'c', name: 'dm', namespace: 'mcp__team', arguments: '{}' }
    const output = { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: 'sent' }] }
    expect(done(await events(await model().ask([user('call'), call, output])))[0]).toMatchObject({ content: [{ text: 'end' }] })
    const cut = [user('call'), user('<turn_aborted>\nThe user interrupted.</turn_aborted>'), user('hello')]
    expect(done(await events(await model().ask(cut)))[0]).toMatchObject({ content: [{ text: 'ok' }] })
  })

  it('takes nothing for words that Codex itself put in', async () => {
    const input = [{ type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'call' }] }, user('<environment_context>\n<cwd>call</cwd>\n</environment_context>'), user('hello')]
    expect(done(await events(await model().ask(input)))[0]).toMatchObject({ content: [{ text: 'ok' }] })
  })

  it('counts the cached part in, as the API does, and says the same to who asks what it cost', async () => {
    const { scripted, ask } = model()
    const first = await events(await ask([user('hello')]))
    const second = await events(await ask([user('hello'), { type: 'message', role: 'assistant', content: [] }, user('again')]))
    const [one, two] = [first, second].map((told) => told.at(-1)!.response!.usage)
    expect(one).toMatchObject({ input_tokens_details: { cached_tokens: 0 } })
    const [a, b] = scripted.requests().map((each) => each.usage)
    expect(one).toMatchObject({ input_tokens: a!.input, output_tokens: a!.output, total_tokens: a!.input + a!.output })
    expect(b!.cacheRead).toBeGreaterThan(0)
    expect(two).toMatchObject({ input_tokens: b!.input + b!.cacheRead, input_tokens_details: { cached_tokens: b!.cacheRead } })
  })

  it('answers a call for a title beside the script', async () => {
    const { scripted, ask } = model()
    const format = { type: 'json_schema', schema: { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] } }
    const [message] = done(await events(await ask([user('call')], { tools: [], text: { format } })))
    expect(JSON.parse((message!['content'] as { text: string }[])[0]!.text)).toHaveProperty('title')
    expect(scripted.requests()[0]).toMatchObject({ kind: 'side' })
  })

  it('fails as the API fails', async () => {
    const ask = (input: unknown[], more?: object) => model().ask(input, more)
    const limit = await ask([user('limit')])
    expect([limit.status, await limit.json()]).toEqual([429, { error: expect.objectContaining({ type: 'usage_limit_reached', plan_type: 'pro', resets_at: 1_800_000_000 }) }])
    const slow = await ask([user('slow down')])
    expect([slow.status, slow.headers.get('retry-after')]).toEqual([429, '7'])
    expect((await ask([user('unauthorized')])).status).toBe(401)
    const told = await events(await ask([user('overloaded')]))
    expect(told.at(-1)).toMatchObject({ type: 'response.failed', response: { error: { code: 'server_is_overloaded' } } })
    await expect((await ask([user('drop')])).text()).rejects.toThrow()
    const wrong = await ask([], { input: 7 })
    expect(wrong.status).toBe(400)
  })
})
