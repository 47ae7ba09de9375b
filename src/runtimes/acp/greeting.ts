import { z } from 'zod'
import type { SessionContext } from '../../core/runtime.ts'
import { choicesOf, modelOf, type Choice } from './choices.ts'
import { failureOf, wantsLogin, type AgentFailure } from './failure.ts'
import { readLaunched } from './files.ts'
import { initialized, protocolVersion, session as sessionAnswer, type AuthMethod, type Message } from './messages.ts'

/** What an answer to one of its requests comes to. */
export type Step = { is: 'further' } | { is: 'note'; what: string } | { is: 'conversation'; id: string; resumed: boolean } | { is: 'refused'; failure: AgentFailure }

export const greetingMethods: readonly string[] = ['initialize', 'authenticate', 'session/new', 'session/load', 'session/set_config_option', 'session/set_model', 'session/set_mode']

const clientCapabilities = { fs: { readTextFile: false, writeTextFile: false }, terminal: false }
const further: Step = { is: 'further' }

/**
 * From a process that was started to a conversation that can be prompted: greeting, login where it must, the conversation of
 * before or a new one, its model and mode. A fold over the answers, which may be those to another daemon's requests.
 */
export class Greeting {
  readonly #context: Pick<SessionContext, 'agent' | 'folder' | 'session'>
  #greeted = false
  #canLoad = false
  #http = false
  #loadFailed = false
  #login: 'unasked' | 'wanted' | 'done' = 'unasked'
  #choices: Choice[] | null = null
  /** What it needs a person for: asked again it would say the same. */
  #stuck = false
  id: string | null = null
  model: string | null = null
  seesPictures = false
  methods: readonly AuthMethod[] = []

  constructor(context: Pick<SessionContext, 'agent' | 'folder' | 'session'>) {
    this.#context = context
  }

  /** The conversation can be prompted. */
  get done(): boolean {
    return this.#choices?.length === 0
  }

  /** The request that comes next; null where there is none. */
  next(): Choice | null {
    if (this.done || this.#stuck) return null
    if (!this.#greeted) return { method: 'initialize', params: { protocolVersion, clientCapabilities, clientInfo: { name: 'troupe', version: '1' } } }
    const { auth } = readLaunched(this.#context.folder)
    if (this.#login === 'wanted' && auth !== null) return { method: 'authenticate', params: { methodId: auth } }
    const [choice] = this.#choices ?? []
    if (choice !== undefined) return choice
    const { session, agent } = this.#context
    const place = { cwd: agent.cwd, mcpServers: this.#servers() }
    return session !== null && this.#canLoad && !this.#loadFailed ? { method: 'session/load', params: { sessionId: session, ...place } } : { method: 'session/new', params: place }
  }

  /** One that answers otherwise than the protocol has it would be waited for without an end. */
  answered(method: string, answer: Message): Step {
    try {
      return this.#answered(method, answer)
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error
      this.#stuck = true
      const why = `its answer to ${method} is none of the protocol’s: ${z.prettifyError(error).replaceAll(/\s+/g, ' ').slice(0, 300)}`
      return { is: 'refused', failure: { class: 'config', why, until: null, fix: 'use a version of it that speaks ACP version 1' } }
    }
  }

  #answered(method: string, answer: Message): Step {
    switch (method) {
      case 'initialize':
        return answer.error === undefined ? this.#met(answer) : this.#refused(answer.error)
      case 'authenticate':
        this.#login = 'done'
        return answer.error === undefined ? further : this.#refused(answer.error)
      case 'session/load':
      case 'session/new':
        return answer.error === undefined ? this.#opened(method, answer) : this.#unopened(method, answer.error)
      default: {
        const choice = this.#choices?.shift()
        return answer.error === undefined ? further : { is: 'note', what: `${choice?.method} did not work: ${answer.error.message}` }
      }
    }
  }

  /** A later daemon goes on from here. */
  restore(state: { session: string; model: unknown; seesPictures: unknown }): void {
    this.id = state.session
    this.model = typeof state.model === 'string' ? state.model : null
    this.seesPictures = state.seesPictures === true
    this.#choices = []
  }

  #met({ result }: Message): Step {
    const { agentCapabilities, authMethods } = initialized.parse(result ?? {})
    this.#greeted = true
    this.#canLoad = agentCapabilities.loadSession
    this.#http = agentCapabilities.mcpCapabilities.http
    this.seesPictures = agentCapabilities.promptCapabilities.image
    this.methods = authMethods ?? []
    return further
  }

  #opened(method: string, { result }: Message): Step {
    const opened = sessionAnswer.parse(result ?? {})
    const { model } = readLaunched(this.#context.folder)
    this.id = opened.sessionId ?? this.#context.session
    this.model = model ?? modelOf(opened)
    this.#choices = choicesOf(opened, this.id ?? '', { model, mode: this.#context.agent.permissionMode })
    return this.id === null ? further : { is: 'conversation', id: this.id, resumed: method === 'session/load' }
  }

  #unopened(method: string, error: NonNullable<Message['error']>): Step {
    if (wantsLogin(error)) {
      if (this.#login !== 'unasked' || readLaunched(this.#context.folder).auth === null) return this.#refused(error)
      this.#login = 'wanted'
      return further
    }
    if (method !== 'session/load') return this.#refused(error)
    this.#loadFailed = true
    return { is: 'note', what: `conversation ${this.#context.session} could not be taken up (${failureOf(error).why}): this is a fresh one` }
  }

  #refused(error: NonNullable<Message['error']>): Step {
    const failure = failureOf(error, this.methods)
    this.#stuck = failure.class !== 'transient'
    return { is: 'refused', failure }
  }

  #servers(): Record<string, unknown>[] {
    const { shim } = readLaunched(this.#context.folder)
    const [command = '', ...args] = shim
    const fill = (name: string): { name: string; value: string } => ({ name, value: `\${${name}}` })
    const team = this.#http
      ? { type: 'http', name: 'team', url: '${TROUPE_MCP_URL}', headers: [{ name: 'Authorization', value: 'Bearer ${TROUPE_AGENT_TOKEN}' }] }
      : { name: 'team', command, args, env: [fill('TROUPE_MCP_URL'), fill('TROUPE_AGENT_TOKEN')] }
    const own = Object.entries(this.#context.agent.mcps).map(([name, { command: program, args: its, env }]) => ({ name, command: program, args: its, env: Object.entries(env).map(([key, value]) => ({ name: key, value })) }))
    return [...own, team]
  }
}
