import { expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { gemini } from './gemini.ts'
import { parseScenario } from './load.ts'
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
    - when: daily
      do: [{ status: 429, message: You exceeded your quota per day }, { text: through }]
    - when: key
      do: [{ status: 401, message: no such key }, { text: through }]
    - when: overloaded
      do: [{ error: overloaded }, { text: through }]
    - when: drop
      do: [{ drop: midway }, { text: through }]
    - when: mid turn
      do: [{ text: heard in the middle }]
    - otherwise: [{ text: understood }]
`,
  'test.yaml',
)
const tools = [{ functionDeclarations: [{ name: 'mcp_team_dm' }, { name: 'run_shell_command' }] }]
const user = (...texts: string[]) => ({ role: 'user', parts: texts.map((text) => ({ text })) })
const context = '<session_context>\nThis is the Gemini CLI; call nobody.\n</session_context>'

interface Chunk {
  candidates?: { content: { parts: { text?: string; functionCall?: { name: string; args: object } }[] }; finishReason?: string }[]
  usageMetadata?: Record<string, number>
  error?: { code: number; status: string; details?: { '@type': string; retryDelay?: string }[] }
}

function model() {
  const scripted = rehearsal(scenario, { clock: systemClock })
  const ask = async (contents: object[], way = 'streamGenerateContent?alt=sse', more: object = {}): Promise<Response> => {
    const body = JSON.stringify({ contents, tools, systemInstruction: user('call nobody'), ...more })
    return await scripted.handle(new Request(`http://x/model/v1beta/models/gemini-2.5-flash:${way}`, { method: 'POST', body }), { agent: 'p:a' })
  }
  return { scripted, ask }
}

async function chunksOf(response: Response): Promise<Chunk[]> {
  const blocks = (await response.text()).split('\n\n').filter((block) => block !== '')
  return blocks.map((block) => JSON.parse(block.slice('data: '.length)) as Chunk)
}

const partsOf = (chunks: Chunk[]) => chunks.flatMap(({ candidates }) => candidates?.[0]?.content.parts ?? [])
const textOf = (chunks: Chunk[]) => partsOf(chunks).map(({ text }) => text ?? '').join('')

it('streams text and calls, and says at the end alone what it cost', async () => {
  const { ask, scripted } = model()
  const chunks = await chunksOf(await ask([user(context, 'call')]))
  expect(textOf(chunks)).toBe('Calling.')
  expect(partsOf(chunks).at(-1)?.functionCall).toEqual({ name: 'mcp_team_dm', args: { to: 'dev', text: 'héllo 👋 and a text long enough for more than one piece' } })
  const [{ model: name, usage }] = scripted.requests() as [(typeof scripted)['requests'] extends () => readonly (infer E)[] ? E : never]
  expect(name).toBe('gemini-2.5-flash')
  expect(chunks.map(({ usageMetadata }) => usageMetadata !== undefined)).toEqual([...chunks.slice(1).map(() => false), true])
  expect(chunks.at(-1)).toMatchObject({ candidates: [{ finishReason: 'STOP' }], usageMetadata: { promptTokenCount: usage.input, candidatesTokenCount: usage.output, totalTokenCount: usage.input + usage.output } })
})

it('goes on where the conversation is, reads what it had from the cache, and answers whole where no stream is wanted', async () => {
  const { ask, scripted } = model()
  const call = { role: 'model', parts: [{ text: 'Calling.' }, { functionCall: { name: 'mcp_team_dm', args: {} } }] }
  const result = { role: 'user', parts: [{ functionResponse: { name: 'mcp_team_dm', response: { output: '<untrusted_context>\ncall again\n</untrusted_context>' } } }] }
  const whole = (await (await ask([user('call'), call, result], 'generateContent')).json()) as Chunk
  expect(textOf([whole])).toBe('end')
  const usage = scripted.requests()[0]!.usage
  expect(usage).toMatchObject({ cacheWrite: 0, cacheRead: expect.toSatisfy((count: number) => count > 0) as number })
  expect(whole.usageMetadata).toMatchObject({ cachedContentTokenCount: usage.cacheRead, promptTokenCount: usage.input + usage.cacheRead })
})

it('counts as it charges', async () => {
  const { ask, scripted } = model()
  await ask([user('hello')])
  const counted = (await (await ask([user('hello')], 'countTokens')).json()) as { totalTokens: number }
  expect(counted.totalTokens).toBe(scripted.requests()[0]!.usage.input)
})

it('hears what a hook adds to a tool’s answer, and drops what was cancelled', async () => {
  const { ask } = model()
  const called = { role: 'model', parts: [{ functionCall: { name: 'run_shell_command', args: {} } }] }
  const output = '<untrusted_context>\ndone\n</untrusted_context>\n\n\n<hook_context>[mail #3 · from p:b · x]\n&lt;&lt;&lt;f00\nmid turn\nf00&gt;&gt;&gt;</hook_context>'
  expect(textOf(await chunksOf(await ask([user('hello'), called, { role: 'user', parts: [{ functionResponse: { name: 'run_shell_command', response: { output } } }] }])))).toBe('heard in the middle')
  expect(textOf(await chunksOf(await ask([user(context, 'call', 'something else')])))).toBe('understood')
  const stopped = { role: 'model', parts: [{ text: '[The previous response was interrupted before it completed.]' }] }
  expect(textOf(await chunksOf(await ask([user('call'), called, { role: 'user', parts: [{ functionResponse: { name: 'run_shell_command', response: { error: 'cancelled' } } }] }, stopped, user('something else')])))).toBe('understood')
})

it('fails as Google does: by status with details, in the stream, and by breaking off', async () => {
  // Each of its own: a failure is counted by its place.
  const ask = async (contents: object[]) => await model().ask(contents)
  const details = async (response: Response) => ({ status: response.status, ...((await response.json()) as Chunk).error })
  expect(await details(await ask([user('limit')]))).toMatchObject({ status: 'RESOURCE_EXHAUSTED', code: 429, details: [{ retryDelay: '7s' }] })
  expect(await details(await ask([user('daily')]))).toMatchObject({ code: 429, details: [{ '@type': 'type.googleapis.com/google.rpc.QuotaFailure' }] })
  expect(await details(await ask([user('key')]))).toMatchObject({ status: 'UNAUTHENTICATED', code: 401 })
  expect((await chunksOf(await ask([user('overloaded')]))).at(-1)?.error).toMatchObject({ code: 503, status: 'UNAVAILABLE' })
  await expect(ask([user('drop')]).then(async (response) => await response.text())).rejects.toThrow()
})

it('takes a call without tools, or for JSON, for one of the CLI’s own', async () => {
  const { ask, scripted } = model()
  await ask([user('call')], 'generateContent', { tools: [] })
  const json = (await (await ask([user('call')], 'generateContent', { generationConfig: { responseJsonSchema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] } } })).json()) as Chunk
  expect(scripted.requests().map(({ kind }) => kind)).toEqual(['side', 'side'])
  expect(JSON.parse(textOf([json]))).toHaveProperty('ok')
})

it('knows its own paths, and refuses a body of another kind', () => {
  expect(gemini.route('POST', '/v1beta/models/x:generateContent')).toBe('answer')
  expect(gemini.route('POST', '/v1/publishers/google/models/x:streamGenerateContent')).toBe('answer')
  expect(gemini.route('GET', '/v1beta/models')).toBe('models')
  expect([gemini.route('POST', '/v1/messages'), gemini.route('GET', '/v1/models'), gemini.route('POST', '/v1beta/models/x:embedContent')]).toEqual([null, null, null])
  expect(() => gemini.read({ messages: [] }, '/v1beta/models/x:generateContent')).toThrow(/contents/)
})
