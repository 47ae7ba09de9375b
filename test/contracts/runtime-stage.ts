import { serve, type HttpBindings, type ServerType } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { Hono, type Context } from 'hono'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { v7 as uuid } from 'uuid'
import { systemClock } from '../../src/core/clock.ts'
import { render } from '../../src/core/envelope.ts'
import type { ToolCall, Verdict } from '../../src/core/gate.ts'
import type { Message, Trust } from '../../src/core/message.ts'
import type { Gate, Host, Launch, LaunchContext, Parcel, Runtime, Session, SessionContext, Signal } from '../../src/core/runtime.ts'
import type { Agent } from '../../src/core/team.ts'
import { rehearsal, type Rehearsal } from '../../src/proxy/rehearsal.ts'
import type { Rule, Step } from '../../src/proxy/scenario.ts'
import { ToolLines } from '../../src/daemon/tool-lines.ts'
import { isGreeting } from '../../src/server/mcp.ts'
import { programPath } from '../../src/util/programs.ts'
import { alive, environmentCarriers } from './runtime-processes.ts'
import { agentOf, emptyTeam } from './runtime-team.ts'
import { tmuxStage, type TmuxStage } from './tmux-stage.ts'

/** Generous: a bound against hanging, no measure; the slowest CLI takes five seconds to be ready on a machine that does nothing else. ms */
export const patience = 60_000
/** Of one test, which waits for several things in turn. ms */
export const longPatience = 240_000

const address = 'office:alice'

/** One incarnation of the CLI in a terminal, watched. */
export interface Run {
  launch: Launch
  incarnation: string
  pid: number
  session: Session
  signals: Signal[]
  /** The first signal from index `from` on that fits; throws with what came instead. */
  signal<T extends Signal['type']>(type: T, fits?: (signal: Extract<Signal, { type: T }>) => boolean, from?: number): Promise<Extract<Signal, { type: T }>>
  screen(options?: { escapes?: boolean }): Promise<string>
  type(...input: Parameters<SessionContext['terminal']['type']>[0]): Promise<void>
  /** Ends the watching, as a daemon that dies does. */
  forget(): void
  /** Watches the same process again, as the next daemon does. */
  adopt(): Run
  stop(): Promise<{ took: string }>
  /** How it ended, once it has by itself. */
  ended(): Promise<{ code: number | null; signal: string | null }>
  kill(): Promise<void>
}

/**
 * `answers`, or one of the sick ones: never, past the limit that Claude was given, with what is no answer (no JSON,
 * JSON of another shape), with an error, or by hanging up.
 */
export type HookSink = 'answers' | 'hangs' | 'late' | 'garbage' | 'other JSON' | '500' | 'cut'

/** ms; Claude waits for 5 s. */
const late = 7_000

async function sickAnswer(how: Exclude<HookSink, 'answers'>, c: Context): Promise<Response> {
  switch (how) {
    case 'hangs':
      return await new Promise(() => {})
    case 'late':
      await sleep(late)
      return c.json({ decision: 'block', reason: 'too late to be heard' })
    case 'garbage':
      return c.body('\0<html>{"decision":', 200, { 'content-type': 'application/json' })
    case 'other JSON':
      return c.json([{ decision: 7, hookSpecificOutput: { hookEventName: [], decision: 'yes' } }, null])
    case '500':
      return c.text('broken', 500)
    case 'cut':
      ;(c.env as HttpBindings).incoming.socket.destroy()
      return RESPONSE_ALREADY_SENT
  }
}

export interface StageOptions {
  env: Record<string, string>
  agent?: Partial<Agent>
  rules: Rule[]
  /** More tools of the team, beside `hold`. */
  tools?: (server: McpServer) => void
}

/** Leaves a file for a push, and is the real one otherwise: CLIs ask it about their folder. */
const git = (pushed: string, real: string) => `#!/bin/sh\ncase " $* " in *" push "*) echo "$@" >> "${pushed}"; exit 0;; esac\nPATH="${real}" exec git "$@"\n`

/** A machine for one CLI: model, MCP server, hook sink, terminal. */
export class RuntimeStage {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'troupe-runtime-')))
  readonly model: Rehearsal
  readonly host: Host
  readonly #runtime: Runtime
  readonly #agent: Agent
  readonly #terminals: TmuxStage
  readonly #moreTools: (server: McpServer) => void
  #server: ServerType
  #session: Session | null = null
  /** Bodies of the requests to the model, as they came. */
  readonly asked: string[] = []
  /** What is said of calls that the session can hold, as the daemon's gatekeeper would; null: nobody asks there. */
  verdict: ((gate: Pick<Gate, 'stage' | 'call'>) => Verdict | Promise<Verdict>) | null = null
  /** What the hook sink does with calls. */
  hooks: HookSink = 'answers'
  /** Seen by the MCP server; made anew with it. */
  tools = new ToolLines(systemClock)
  /** Calls that a CLI asks leave for over its protocol, and how to answer them. Held until then. */
  readonly gates: { call: ToolCall; answer(verdict: Verdict): void }[] = []
  /** Calls of the tool `hold` that wait, to be let go. */
  #holding: (() => void)[] = []
  #n = 0
  #port = 0

  private constructor(runtime: Runtime, more: StageOptions, terminals: TmuxStage) {
    this.#moreTools = more.tools ?? (() => {})
    this.#runtime = runtime
    this.#terminals = terminals
    const home = join(this.folder, 'home')
    const cwd = join(this.folder, 'work')
    const bin = join(this.folder, 'bin')
    for (const each of [home, cwd, bin]) mkdirSync(each)
    const path = process.env['PATH'] ?? ''
    writeFileSync(join(bin, 'git'), git(this.#pushed, path), { mode: 0o755 })
    this.#agent = { ...agentOf(cwd), runtime: runtime.name, ...more.agent }
    this.host = { env: { PATH: `${bin}${delimiter}${path}`, ...more.env }, home, isRoot: process.getuid?.() === 0, clock: systemClock }
    const otherwise: Step[] = [{ do: 'text', text: 'understood', delay: 0 }]
    this.model = rehearsal({ name: 'contract', about: '', scripts: { '*': { rules: more.rules, otherwise } } }, { clock: systemClock })
    this.#server = serve({ fetch: this.#app().fetch, port: 0, hostname: '127.0.0.1' })
  }

  static async make(runtime: Runtime, more: StageOptions): Promise<RuntimeStage> {
    return new RuntimeStage(runtime, more, await tmuxStage('own'))
  }

  get agent(): Agent {
    return this.#agent
  }

  get agentFolder(): string {
    return join(this.folder, 'agents', 'office-alice')
  }

  get cwd(): string {
    return this.#agent.cwd
  }

  /** Somebody ran `git push`. */
  get pushed(): boolean {
    return existsSync(this.#pushed)
  }

  get #pushed(): string {
    return join(this.folder, 'pushed')
  }

  get holding(): number {
    return this.#holding.length
  }

  letGo(): void {
    for (const go of this.#holding.splice(0)) go()
  }

  context(health: LaunchContext['health'], session: string | null, more: Partial<LaunchContext> = {}): LaunchContext {
    mkdirSync(this.agentFolder, { recursive: true, mode: 0o700 })
    const incarnation = uuid()
    const url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    const node = process.execPath
    return {
      team: { ...emptyTeam, root: this.folder },
      agent: this.#agent,
      incarnation,
      host: this.host,
      health,
      folder: this.agentFolder,
      url,
      programs: { node, hook: programPath('hook'), gate: programPath('gate'), pair: programPath('pair'), shim: programPath('shim'), scripted: programPath('scripted'), lane: programPath('lane') },
      env: {
        PATH: this.host.env['PATH'] ?? '',
        HOME: this.host.home,
        LANG: 'C.UTF-8',
        TERM: 'xterm-256color',
        TROUPE_AGENT: address,
        TROUPE_INCARNATION: incarnation,
        TROUPE_MCP_URL: `${url}/mcp`,
        TROUPE_AGENT_TOKEN: 'token-of-alice',
      },
      briefing: 'You are alice. BRIEFING-OF-ALICE',
      laneSocket: this.#laneSocket(incarnation),
      session,
      rehearsal: true,
      proxied: false,
      ...more,
    }
  }

  /** `change` stands for what happens to the machine between the launch's preparation and the start. */
  async start(session: string | null = null, change: (launch: Launch) => Launch = (launch) => launch): Promise<Run> {
    const context = this.context(await this.#runtime.health(this.host), session)
    const startedAt = systemClock.now()
    const launch = change(await this.#runtime.launch(context))
    const pane = await this.#terminals.supervisor.launch(launch.spec)
    return this.#watch({ launch, incarnation: context.incarnation, pid: pane.pid, startedAt, session: launch.session ?? session, wasReady: false })
  }

  /** The daemon is gone: nothing listens any more. */
  async away(): Promise<void> {
    const { port } = this.#server.address() as AddressInfo
    this.#port = port
    const closed = new Promise((resolve) => this.#server.close(resolve))
    if ('closeAllConnections' in this.#server) this.#server.closeAllConnections()
    await closed
  }

  /** The next daemon listens at the same place and knows nothing of before. */
  back(): void {
    this.tools = new ToolLines(systemClock)
    this.#server = serve({ fetch: this.#app().fetch, port: this.#port, hostname: '127.0.0.1' })
  }

  /** `picture`: a PNG that comes with it. */
  parcel(trust: Trust, text: string, from = trust === 'operator' ? 'user' : 'office:bob', picture?: Buffer): Parcel {
    const id = uuid()
    const n = ++this.#n
    const message: Message = {
      ...{ id, n, from, to: address, project: 'office', text, threadId: null, trust, key: null, priority: 'normal' as const },
      ...{ chain: id, hop: 0, taint: [], control: null, sentAt: systemClock.now() },
      attachments: picture === undefined ? [] : [{ n, name: 'a.png', mime: 'image/png', bytes: picture.length, sha256: '' }],
    }
    const pictures = picture === undefined ? [] : [{ n, mime: 'image/png', read: async () => picture }]
    return render({ message, pictures, role: trust === 'operator' ? null : 'worker', name: null, trust, nonce: randomBytes(6).toString('hex'), again: false })
  }

  async end(): Promise<void> {
    this.#session?.close()
    this.letGo()
    await this.#terminals.end()
    await new Promise((resolve) => this.#server.close(resolve))
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }

  #laneSocket(incarnation: string): string {
    const folder = join(this.folder, 'run', incarnation.slice(-12))
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return join(folder, 'lane.sock')
  }

  async #judge(gate: Pick<Gate, 'stage' | 'call'>, signal: AbortSignal): Promise<Verdict> {
    const { call } = gate
    if (this.verdict !== null) return await this.verdict(gate)
    return await new Promise((resolve) => {
      this.gates.push({ call, answer: resolve })
      signal.addEventListener('abort', () => resolve({ do: 'deny', why: 'nobody asks any more' }), { once: true })
    })
  }

  #watch(it: { launch: Launch; incarnation: string; pid: number; startedAt: number; session: string | null; wasReady: boolean }): Run {
    const { supervisor } = this.#terminals
    const { launch, incarnation, pid, startedAt } = it
    const terminal: SessionContext['terminal'] = {
      type: (input) => supervisor.type(incarnation, input),
      screen: (options) => supervisor.screen(incarnation, options),
    }
    const judge: SessionContext['judge'] = (gate, signal) => this.#judge(gate, signal)
    const place = { agent: this.#agent, laneSocket: this.#laneSocket(incarnation), judge, folder: this.agentFolder, host: this.host, terminal, tools: this.tools.of(address) }
    const session = this.#runtime.open({ ...place, incarnation, pid, startedAt, session: it.session, wasReady: it.wasReady })
    const signals: Signal[] = []
    session.subscribe((signal) => signals.push(signal))
    this.#session = session
    const gone = async () => {
      await until('the process is gone', () => !alive(pid))
      session.close()
    }
    return {
      launch,
      incarnation,
      pid,
      session,
      signals,
      signal: (type, fits = () => true, from = 0) => findSignal(signals, type, fits, from, () => terminal.screen()),
      screen: (options) => terminal.screen(options),
      type: (...input) => terminal.type(input),
      forget: () => session.close(),
      adopt: () => this.#watch({ ...it, wasReady: it.wasReady || signals.some(({ type }) => type === 'ready') }),
      stop: async () => {
        const record = await supervisor.stop(incarnation, { polite: session.farewell(), graceMs: patience })
        await gone()
        await until('nothing of it runs', () => environmentCarriers(incarnation).length === 0)
        return record
      },
      ended: async () => {
        const dead = await until('it has ended', async () => {
          const found = (await supervisor.list()).find((each) => each.incarnation === incarnation)
          return found?.state.alive === false ? found.state : null
        })
        await supervisor.clear(incarnation)
        return { code: dead.code, signal: dead.signal }
      },
      kill: async () => {
        process.kill(pid, 'SIGKILL')
        await gone()
        await supervisor.stop(incarnation, { polite: 'signal', graceMs: 0 })
      },
    }
  }

  #app(): Hono {
    const app = new Hono()
    const mcp = createMcpHandler(() => this.#tools())
    app.post('/hook', async (c) => {
      if (c.req.header('authorization') !== 'Bearer token-of-alice') return c.json({}, 401)
      const event = (await c.req.json()) as Record<string, unknown>
      // The gate may hold a call for as long as a person takes: a hook that hangs there is a call that is held.
      const isGate = event['hook_event_name'] === 'PreToolUse'
      if (this.hooks === 'answers' || (this.hooks === 'hangs' && isGate)) return c.json(await this.#hooked(event))
      return await sickAnswer(this.hooks, c)
    })
    app.all('/mcp', async (c) => {
      const { signal } = c.req.raw
      const parsedBody: unknown = c.req.method === 'POST' ? await c.req.json() : undefined
      const listens = (parsedBody as { method?: string } | undefined)?.method === 'subscriptions/listen'
      // As the daemon does: who has only said hello does not know the tools yet, and would be given mail too early.
      if (!isGreeting(parsedBody)) this.tools.heard(address, listens ? signal : null)
      return await mcp.fetch(c.req.raw, { parsedBody })
    })
    app.all('/model/*', async (c) => {
      if (c.req.method === 'POST' && !/count_?tokens$/i.test(c.req.path)) this.asked.push(await c.req.raw.clone().text())
      return await this.model.handle(c.req.raw, { agent: address })
    })
    return app
  }

  async #hooked(event: Record<string, unknown>): Promise<Record<string, unknown>> {
    const gate = this.verdict === null ? null : (this.#session?.gate?.(event) ?? null)
    if (gate !== null && this.verdict !== null) return gate.answer(await this.verdict(gate))
    return (await this.#session?.hook(event)) ?? {}
  }

  #tools(): McpServer {
    const server = new McpServer({ name: 'team', version: '1' })
    server.registerTool('hold', { description: 'Waits until it is let go.' }, async () => {
      await new Promise<void>((resolve) => this.#holding.push(resolve))
      return { content: [{ type: 'text', text: 'let go' }] }
    })
    this.#moreTools(server)
    return server
  }
}

async function findSignal<T extends Signal['type']>(
  signals: Signal[],
  type: T,
  fits: (signal: Extract<Signal, { type: T }>) => boolean,
  from: number,
  screen: () => Promise<string>,
): Promise<Extract<Signal, { type: T }>> {
  const find = () =>
    signals.slice(from).find((each): each is Extract<Signal, { type: T }> => each.type === type && fits(each as Extract<Signal, { type: T }>))
  try {
    return await until(`signal ${type}`, find)
  } catch (cause) {
    const came = signals.slice(from).map((each) => JSON.stringify(each)).join('\n')
    throw new Error(`no signal ${type}; there came:\n${came}\non the screen:\n${await screen().catch(() => 'nothing')}`, { cause })
  }
}

export async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const end = Date.now() + patience
  for (;;) {
    const found = await look()
    if (found) return found as NonNullable<T>
    if (Date.now() > end) throw new Error(`it did not come about within ${patience} ms: ${what}`)
    await sleep(25)
  }
}
