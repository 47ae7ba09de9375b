import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { systemClock } from '../../src/core/clock.ts'
import { parseScenario } from '../../src/proxy/load.ts'
import { rehearsal, type Rehearsal } from '../../src/proxy/rehearsal.ts'
import { programPath } from '../../src/util/programs.ts'

interface Mail {
  id: number
  sender: string
  text: string
  acked: boolean
  handedTo: Set<string>
}

type Hook = Record<string, unknown> & { event: string }

/** What one scripted agent needs of a daemon, in memory: a mailbox behind real MCP, the hook sink, the model. */
export class Office {
  readonly hooks: Hook[] = []
  readonly sent: { to: string; text: string; key: string | undefined }[] = []
  readonly model: Rehearsal
  /** A sender hears that its message is on its way only after this. */
  postBox: Promise<void> = Promise.resolve()
  readonly #mail: Mail[] = []
  readonly #folder = mkdtempSync(join(tmpdir(), 'scripted-'))
  readonly #waiting = new Set<() => void>()
  readonly #agents: ChildProcess[] = []
  #server: ReturnType<typeof serve> | null = null
  #port = 0
  #run = 0

  constructor(scenario: string) {
    this.model = rehearsal(parseScenario(scenario, 'test.yaml'), { clock: systemClock })
  }

  async open(): Promise<void> {
    this.#port = await new Promise<number>((resolve) => {
      this.#server = serve({ fetch: (request) => this.#answer(request), hostname: '127.0.0.1', port: this.#port }, (info) => resolve(info.port))
    })
  }

  /** As if the daemon died: connections are cut. */
  async shut(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null) return
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      if ('closeAllConnections' in server) server.closeAllConnections()
    })
  }

  async close(): Promise<void> {
    for (const agent of this.#agents) agent.kill('SIGKILL')
    await this.shut()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }

  post(text: string, sender = 'user'): number {
    const id = this.#mail.length + 1
    this.#mail.push({ id, sender, text, acked: false, handedTo: new Set() })
    for (const wake of this.#waiting) wake()
    return id
  }

  isAcked(id: number): boolean {
    return this.#mail.find((mail) => mail.id === id)?.acked === true
  }

  /** Another run of the same agent, resuming the same conversation. */
  start({ quiet = false } = {}): RunningAgent {
    const url = `http://127.0.0.1:${this.#port}`
    const argv = [programPath('scripted'), '--folder', this.#folder, '--session', 'test', ...(quiet ? ['--quiet'] : [])]
    const env = { PATH: process.env['PATH'] ?? '', TROUPE_URL: url, TROUPE_MCP_URL: `${url}/mcp`, TROUPE_MODEL_URL: `${url}/model`, TROUPE_AGENT_TOKEN: `run-${++this.#run}` }
    const child = spawn(process.execPath, argv, { env, stdio: 'pipe' })
    this.#agents.push(child)
    return new RunningAgent(child)
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    const run = request.headers.get('authorization') ?? ''
    if (pathname === '/mcp') return this.#mcp(run, request)
    if (pathname.startsWith('/model/')) return this.model.handle(request, { agent: 'p:a' })
    this.hooks.push({ ...((await request.json()) as Hook), run })
    return Response.json({})
  }

  #mcp(run: string, request: Request): Promise<Response> {
    const handler = createMcpHandler(() => {
      const server = new McpServer({ name: 'team', version: '1' })
      const reply = (value: Record<string, unknown>) => ({ content: [{ type: 'text' as const, text: JSON.stringify(value) }] })
      server.registerTool('inbox_watch', { inputSchema: z.object({ timeout_ms: z.int() }) }, async () => reply({ messages: await this.#watch(run) }))
      server.registerTool('inbox_ack', { inputSchema: z.object({ ids: z.array(z.int()) }) }, ({ ids }) => {
        for (const mail of this.#mail) if (ids.includes(mail.id)) mail.acked = true
        return reply({ acked: ids.length })
      })
      server.registerTool('dm', { inputSchema: z.object({ to: z.string(), text: z.string(), key: z.string().optional() }) }, async (message) => {
        if (!this.sent.some((sent) => sent.key !== undefined && sent.key === message.key)) this.sent.push({ ...message, key: message.key })
        await this.postBox
        return reply({ id: this.sent.length })
      })
      return server
    })
    return handler.fetch(request)
  }

  async #watch(run: string): Promise<Mail[]> {
    const fresh = () => this.#mail.filter((mail) => !mail.acked && !mail.handedTo.has(run))
    const server = this.#server
    while (fresh().length === 0 && this.#server === server) {
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
        setTimeout(resolve, 1000).unref()
      })
    }
    if (this.#server !== server) return [] // nobody hears this answer
    const found = fresh()
    for (const mail of found) mail.handedTo.add(run)
    return found
  }
}

export class RunningAgent {
  output = ''
  readonly ended: Promise<{ code: number | null; signal: string | null }>
  readonly #child: ChildProcess

  constructor(child: ChildProcess) {
    this.#child = child
    child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()))
    this.ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })))
  }

  type(text: string): void {
    this.#child.stdin?.write(text)
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}
