import { once } from 'node:events'
import { Agent, createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { liveDaemon } from '../test/fixtures/live-daemon.ts'
import { percentile, type Row } from './row.ts'

const calls = 400
const warmUp = 50
/** As long as the beginning of a conversation with an agent CLI. Bytes. */
const asked = 50_000

interface Times {
  first: number[]
  whole: number[]
}

/** One provider's format: who speaks it, and what an answer of 40 pieces looks like there. */
interface Format {
  name: string
  runtime: string
  key: string
  path: string
  events(): string[]
}

const formats: Format[] = [
  { name: '', runtime: 'claude-code', key: 'ANTHROPIC_API_KEY', path: '/v1/messages?beta=true', events: messages },
  { name: ' (Responses)', runtime: 'codex', key: 'OPENAI_API_KEY', path: '/v1/responses', events: responses },
]

/** A model call that streams, straight to a provider on loopback and through the daemon, in turn; in two formats. */
export async function modelProxy(): Promise<Row[]> {
  const rows: Row[] = []
  for (const format of formats) rows.push(...(await measure(format)))
  return rows
}

async function measure({ name, runtime, key, path, events }: Format): Promise<Row[]> {
  const provider = createServer((incoming, response) => {
    incoming.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const event of events()) response.write(event)
      response.end()
    })
  })
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  const direct = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
  const live = await liveDaemon({ metering: { via: 'proxy', api_root: direct }, each: { runtime }, more: { [key]: 'key' } })
  const token = live.agents['ada']?.token ?? ''
  const straight: Times = { first: [], whole: [] }
  const through: Times = { first: [], whole: [] }
  try {
    for (let index = 0; index < calls + warmUp; index++) {
      const counts = index >= warmUp
      await call(`${direct}${path}`, token, counts ? straight : null)
      await call(`${live.url}/model${path}`, token, counts ? through : null)
    }
    const added = (of: keyof Times, p: number): number => percentile(through[of], p) - percentile(straight[of], p)
    const beside = (of: keyof Times): string => `direct ${percentile(straight[of], 50).toFixed(2)} / ${percentile(straight[of], 99).toFixed(2)} ms, through ${percentile(through[of], 50).toFixed(2)} / ${percentile(through[of], 99).toFixed(2)} ms (p50 / p99)`
    return [
      { figure: `model proxy${name}: added until the first piece, p50`, value: added('first', 50), unit: 'ms', hold: '< 5', beside: beside('first') },
      { figure: `model proxy${name}: added until the end of the answer, p50`, value: added('whole', 50), unit: 'ms', hold: '', beside: beside('whole') },
    ]
  } finally {
    await live.close()
    provider.closeAllConnections()
    provider.close()
  }
}

let answers = 0

const event = (data: { type: string; [key: string]: unknown }): string => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`

function messages(): string[] {
  const id = `msg_${(answers += 1)}`
  const pieces = Array.from({ length: 40 }, () => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a few words of an answer' } }))
  return [
    event({ type: 'message_start', message: { id, type: 'message', role: 'assistant', model: 'm', content: [], usage: { input_tokens: 1, output_tokens: 1 } } }),
    ...pieces,
    event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 40 } }),
    event({ type: 'message_stop' }),
  ]
}

function responses(): string[] {
  const id = `resp_${(answers += 1)}`
  const pieces = Array.from({ length: 40 }, () => event({ type: 'response.output_text.delta', item_id: 'i', output_index: 0, content_index: 0, delta: 'a few words of an answer' }))
  const usage = { input_tokens: 1, input_tokens_details: { cached_tokens: 0 }, output_tokens: 40, total_tokens: 41 }
  return [event({ type: 'response.created', response: { id, model: 'm', usage: null } }), ...pieces, event({ type: 'response.completed', response: { id, model: 'm', output: [], usage } })]
}

const kept = new Agent({ keepAlive: true })
const body = JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'x'.repeat(asked) }] })

async function call(url: string, token: string, times: Times | null): Promise<void> {
  const begun = performance.now()
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length), authorization: `Bearer ${token}` }
  const sent = request(url, { method: 'POST', agent: kept, headers })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`a model call was answered ${response.statusCode}: ${(await response.toArray()).join('')}`)
  const [first, end] = [once(response, 'data'), once(response, 'end')]
  await first
  times?.first.push(performance.now() - begun)
  await end
  times?.whole.push(performance.now() - begun)
}
