import { expect, it, onTestFinished, vi } from 'vitest'
import { fakeLane } from '../../../test/fixtures/fake-lane.ts'
import { testFolder } from '../../../test/fixtures/folder.ts'
import { systemClock } from '../../core/clock.ts'
import type { Session, SessionContext } from '../../core/runtime.ts'
import { AcpSession } from '../acp/session.ts'
import { StreamSession } from '../claude/stream-session.ts'
import { CodexStream } from '../codex/stream-session.ts'
import { Asks } from './asks.ts'

const wild = `echo \u001b[2J\n${'x'.repeat(100_000)}`
const rpc = { id: 7, method: 'terminal/create', params: {} }
const mangled = { id: 7, method: 'session/request_permission', params: { toolCall: 'none' } }
const control = { type: 'control_request', request_id: '7', request: { subtype: 'mcp_message' } }

it.each<[string, (context: SessionContext) => Session, object, object]>([
  ['an agent over ACP', (context) => new AcpSession(context), rpc, { id: 7, error: { code: -32_601 } }],
  ['an agent over ACP, in another form', (context) => new AcpSession(context), mangled, { id: 7, error: { code: -32_601 } }],
  ['Codex over its protocol', (context) => new CodexStream(context), rpc, { id: 7, error: { code: -32_601 } }],
  ['Claude over stream-json', (context) => new StreamSession(context), control, { type: 'control_response', response: { subtype: 'error', request_id: '7' } }],
])('answers a question that it does not know, also one asked while nobody listened: %s', async (_, make, question, answer) => {
  const lane = await fakeLane()
  const folder = testFolder('asks-')
  const judge = vi.fn<SessionContext['judge']>()
  const context = { agent: { address: 'p/a', cwd: '/', mcps: {} }, folder, laneSocket: lane.path, session: null, startedAt: Date.now(), tools: { heardAt: () => null }, host: { clock: systemClock, home: folder, env: {} }, judge } as unknown as SessionContext
  const session = make(context)
  onTestFinished(() => session.close())
  await vi.waitFor(() => expect(lane.sockets).toHaveLength(1))
  lane.says({ kind: 'out', text: JSON.stringify(question) })
  const written = () => lane.heard.flatMap((call) => (call.op === 'write' ? [JSON.parse(call.text) as unknown] : []))
  await vi.waitFor(() => expect(written()).toContainEqual(expect.objectContaining({ ...answer, ...('error' in answer ? { error: expect.objectContaining(answer.error as object) } : { response: expect.objectContaining((answer as { response: object }).response) }) })))
  expect(judge).not.toHaveBeenCalled()
})

it('asks again for a verdict that could not be had, while the question stands', async () => {
  const verdicts = [() => Promise.reject(new Error('the store is away')), () => Promise.resolve({ do: 'allow' as const, why: 'a person said so' })]
  const asks = new Asks(() => verdicts.shift()!())
  const answers: unknown[] = []
  asks.open('q', { stage: 'prompt', patienceMs: Infinity, call: { tool: 't', kind: 'other', input: {}, command: null, paths: [], cwd: '/' } }, (verdict) => answers.push(verdict.do))
  asks.live()
  await vi.waitFor(() => expect(answers).toEqual(['allow']), { timeout: 30_000 })
})

it.each<[string, (context: SessionContext) => Session, object]>([
  ['an agent over ACP', (context) => new AcpSession(context), { id: 7, method: 'session/request_permission', params: { toolCall: { toolCallId: 't', kind: 'execute', rawInput: { command: wild } }, options: [] } }],
  ['Claude over stream-json', (context) => new StreamSession(context), { type: 'control_request', request_id: '7', request: { subtype: 'can_use_tool', tool_name: 'Bash', input: { command: wild } } }],
])('says in one short line, with nothing that a terminal obeys, what is waited for: %s', async (_, make, question) => {
  const lane = await fakeLane()
  const folder = testFolder('asks-')
  const context = { agent: { address: 'p/a', cwd: '/', mcps: {} }, folder, laneSocket: lane.path, session: null, startedAt: Date.now(), tools: { heardAt: () => null }, host: { clock: systemClock, home: folder, env: {} }, judge: () => new Promise(() => {}) } as unknown as SessionContext
  const session = make(context)
  onTestFinished(() => session.close())
  const waits: string[] = []
  session.subscribe((signal) => void (signal.type === 'waiting' && waits.push(signal.what)))
  await vi.waitFor(() => expect(lane.sockets).toHaveLength(1))
  lane.says({ kind: 'out', text: JSON.stringify(question) })
  await vi.waitFor(() => expect(waits).toHaveLength(1))
  expect(waits[0]).toMatch(/^permission: echo \\x1b\[2J xx/)
  expect(waits[0]!.length).toBeLessThan(200)
})
