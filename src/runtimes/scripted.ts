import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { writeAtomic } from '../util/atomic-write.ts'
import type { ToolCall, Verdict } from '../core/gate.ts'
import type { FailureClass } from '../core/restart.ts'
import type { Abilities, Attempt, Conversation, Gate, Launch, LaunchContext, Parcel, Runtime, Session, SessionContext, Signal, Whose } from '../core/runtime.ts'
import type { Rung } from '../core/ladder.ts'
import { besides, bring, isFile } from './bring.ts'

/**
 * An agent of troupe's own whose model is a scenario: small enough for a hundred at once, exact enough to
 * stand for a real one. It fetches its mail by a long poll, also in the middle of a turn.
 */
export function scripted(): Runtime {
  return { name: 'scripted', abilities, health, launch, findConversation, open: (context) => new ScriptedSession(context) }
}

const abilities: Abilities = {
  resume: true,
  proofs: ['tool', 'hook'],
  rungs: { idle: ['fetch', 'paste'], busy: ['fetch'], waiting: [] },
  interrupt: true,
  images: { message: [], tool: true },
  usage: true,
  mcp: true,
  compact: false,
  gate: true,
  prompts: true,
  retries: false,
  resets: true,
  settings: [],
}

function health(): ReturnType<Runtime['health']> {
  return Promise.resolve({ installed: true, program: process.execPath, version: process.versions.node, features: {}, problem: null })
}

/** Without a rehearsal there is no model: the agent then acknowledges its mail and does nothing else. */
function launch(context: LaunchContext): Promise<Launch> {
  const { agent, programs, folder, url } = context
  const session = context.session ?? randomUUID()
  const mission = join(folder, 'mission.txt')
  writeAtomic(mission, context.briefing)
  const model = agent.model === null ? [] : ['--model', agent.model]
  const task = agent.mode === 'oneshot' ? ['--task', taskFile(folder, agent.task ?? '')] : []
  const argv = [programs.node, ...frugal, programs.scripted, '--folder', folder, '--session', session, '--system', mission, '--mode', agent.permissionMode, ...task, ...model, ...agent.args]
  const env = { ...context.env, TROUPE_URL: url, ...(context.rehearsal ? { TROUPE_MODEL_URL: `${url}/model` } : {}) }
  return Promise.resolve({ spec: { address: agent.address, incarnation: context.incarnation, argv, env, cwd: agent.cwd }, session, notices: [] })
}

/** Of any agent of the team, in any folder. */
async function findConversation(session: string, { folder }: Whose): Promise<Conversation | null> {
  const name = `conversation-${session}.json`
  if (!/^[0-9a-f-]{36}$/.test(session)) return null
  for (const each of await besides(folder)) if (await isFile(join(each, name))) return { cwd: null, bring: () => bring(join(each, name), join(folder, name)) }
  return null
}

/** Of any length, and never in argv. */
function taskFile(folder: string, task: string): string {
  const file = join(folder, 'task.txt')
  writeAtomic(file, task)
  return file
}

/** For V8: little garbage, collected often. */
const frugal = ['--max-semi-space-size=1', '--disable-warning=ExperimentalWarning']

const count = z.number().int().min(0)
/** What the agent posts to the hook sink; times in ms since the epoch. */
const report = z.discriminatedUnion('event', [
  z.object({ event: z.literal('ready'), session: z.string(), resumed: z.boolean() }),
  z.object({ event: z.literal('idle') }),
  z.object({ event: z.literal('busy') }),
  z.object({ event: z.literal('taken'), text: z.string() }),
  z.object({ event: z.literal('said'), text: z.string() }),
  z.object({ event: z.literal('worked'), tool: z.string() }),
  z.object({ event: z.literal('failure'), class: z.enum(['auth', 'quota', 'other']), why: z.string(), until: z.number().nullable() }),
  z.object({
    event: z.literal('usage'),
    key: z.string(),
    at: z.number(),
    model: z.string(),
    tokens: z.object({ input: count, output: count, cacheRead: count, cacheWrite: count }),
  }),
])
type Report = z.infer<typeof report>

/** Before a call of a tool of its own, and `prompt` where its mode wants a person's word besides. */
const asking = z.object({ event: z.enum(['call', 'prompt']), tool_name: z.enum(['Bash', 'Read', 'Write']), tool_input: z.record(z.string(), z.unknown()), cwd: z.string() })

const kinds = { Bash: 'shell', Read: 'read', Write: 'edit' } as const

class ScriptedSession implements Session {
  readonly #context: SessionContext
  readonly #listeners = new Set<(signal: Signal) => void>()

  constructor(context: SessionContext) {
    this.#context = context
  }

  /** Nothing is replayed: the agent itself says its state again when it has lost the daemon. */
  subscribe(listener: (signal: Signal) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  hook(event: Record<string, unknown>): Promise<Record<string, unknown>> {
    const parsed = report.safeParse(event)
    if (parsed.success) for (const signal of this.#signalsOf(parsed.data)) for (const listener of this.#listeners) listener(signal)
    return Promise.resolve(parsed.success ? {} : { error: z.prettifyError(parsed.error) })
  }

  gate(event: Record<string, unknown>): Gate | null {
    const asked = asking.safeParse(event)
    if (!asked.success) return null
    const { event: stage, tool_name: tool, tool_input: input, cwd } = asked.data
    const [command, path] = [input['command'], input['file_path']]
    const call: ToolCall = {
      tool,
      kind: kinds[tool],
      input,
      command: tool === 'Bash' ? String(command ?? '') : null,
      paths: typeof path === 'string' ? [path] : [],
      cwd,
    }
    // It waits for as long as there is a daemon, and asks again where there is none.
    return { stage, call, patienceMs: Infinity, answer: (verdict: Verdict) => ({ verdict }) }
  }

  #signalsOf(said: Report): Signal[] {
    const evidence = { at: this.#context.host.clock.now(), what: said.event, source: 'hook' }
    switch (said.event) {
      case 'ready': {
        const what = said.resumed ? 'ready, conversation resumed' : 'ready'
        return [
          { type: 'session', id: said.session, evidence: { ...evidence, what: `conversation ${said.session}` } },
          { type: 'ready', evidence: { ...evidence, what } },
        ]
      }
      case 'idle':
      case 'busy':
        return [{ type: said.event, evidence }]
      case 'taken':
        return markersIn(said.text).map((marker) => ({ type: 'proof', marker, proof: 'hook', evidence }))
      case 'said':
        return [{ type: 'said', text: said.text, at: evidence.at }]
      case 'worked':
        return [{ type: 'work', tool: said.tool }]
      case 'failure':
        return [failureOf(said, evidence)]
      case 'usage':
        return [{ type: 'usage', usage: { key: said.key, at: said.at, model: said.model, tokens: said.tokens } }]
    }
  }

  async deliver(rung: Rung, parcel: Parcel): Promise<Attempt> {
    if (rung !== 'paste') return { result: 'refused', why: 'the agent fetches its mail by itself' }
    if (parcel.trust !== 'operator') return { result: 'refused', why: 'only operators enter as the user; the agent fetches the rest by itself' }
    await this.#context.terminal.type([{ paste: parcel.text }, { keys: ['Enter'] }])
    return { result: 'taken', what: 'pasted into the terminal' }
  }

  async interrupt(): Promise<void> {
    await this.#context.terminal.type([{ keys: ['C-c'] }])
  }

  farewell(): 'signal' {
    return 'signal'
  }

  close(): void {
    this.#listeners.clear()
  }
}

/** The header of an envelope ends with the marker. Read from the text alone, so that it works after an adoption too. */
function markersIn(text: string): string[] {
  const [header = ''] = text.split('\n', 1)
  return (header.match(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? []).slice(-1)
}

function failureOf(said: Extract<Report, { event: 'failure' }>, evidence: { at: number; what: string; source: string }): Signal {
  const seen = { ...evidence, what: said.why }
  if (said.class === 'other') return { type: 'note', evidence: seen }
  const kind: FailureClass = said.class
  return { type: 'failure', class: kind, why: said.why, until: said.until, evidence: seen }
}
