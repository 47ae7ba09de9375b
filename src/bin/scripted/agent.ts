import type { Conversation } from './conversation.ts'
import type { Given, Inbox } from './inbox.ts'
import type { AskLeave } from './leave.ts'
import { Refused, type Answer, type Block, type Model } from './model.ts'
import type { Reports } from './reports.ts'
import type { TeamTools, Tool } from './team.ts'
import { ownTools } from './tools.ts'

export interface AgentParts {
  conversation: Conversation
  inbox: Inbox
  team: TeamTools
  reports: Reports
  askLeave: AskLeave
  /** Null: mail is acknowledged and nothing else is done. */
  model: Model | null
  system: string
  /** Done with its first turn, it leaves: 0, or 1 where the model refused. */
  once: boolean
  print(text: string): void
  leave(code: number): Promise<never>
  signal: AbortSignal
}

type Call = Extract<Block, { type: 'tool_use' }>
type Result = Extract<Block, { type: 'tool_result' }>

/** What a person's interrupt leaves in a conversation, in the words that agent CLIs use. */
const interrupted = '[Request interrupted by user]'

/** How long a report of work holds the turn up while the daemon is away. ms */
const workedMs = 1_000

/** Takes turns: reads what came in, asks the model, does what it says, until it says nothing more. */
export class Agent {
  readonly #parts: AgentParts
  #turn: AbortController | null = null

  constructor(parts: AgentParts) {
    this.#parts = parts
  }

  /** Ends the running turn; false if there is none. */
  interrupt(): boolean {
    this.#turn?.abort()
    return this.#turn !== null
  }

  async run(): Promise<never> {
    const { conversation, reports, inbox } = this.#parts
    reports.add({ event: 'ready', session: conversation.id, resumed: conversation.resumed })
    for (;;) {
      reports.state({ event: 'idle' })
      await inbox.until('some')
      const ended = await this.#take(inbox.take())
      if (this.#parts.once) await this.#parts.leave(ended ? 0 : 1)
    }
  }

  /** False where it was cut short. */
  async #take(given: Given[]): Promise<boolean> {
    const { conversation, reports, model } = this.#parts
    if (model === null) {
      await this.#quietly(given)
      return true
    }
    reports.state({ event: 'busy' })
    const turn = new AbortController()
    this.#turn = turn
    const signal = AbortSignal.any([turn.signal, this.#parts.signal])
    try {
      conversation.shorten()
      await this.#begin(given, signal)
      await this.#converse(model, signal)
      await this.#acknowledge([...conversation.open], signal)
      return true
    } catch (error) {
      this.#stopped(error, turn.signal)
      return false
    } finally {
      this.#turn = null
    }
  }

  async #quietly(given: Given[]): Promise<void> {
    this.#welcome(given)
    const numbers = given.flatMap((each) => each.mails)
    if (numbers.length > 0) await this.#parts.team.call('inbox_ack', { ids: numbers }, this.#parts.signal)
  }

  /** Calls that an earlier run left without a result come first, as the API wants it. */
  async #begin(given: Given[], signal: AbortSignal): Promise<void> {
    const results: Block[] = []
    for (const call of this.#parts.conversation.unanswered) results.push(await this.#execute(call, signal, true))
    this.#give(results, given)
  }

  #give(results: Block[], given: Given[]): void {
    const texts = given.map((each): Block => ({ type: 'text', text: each.text }))
    this.#parts.conversation.add({ role: 'user', content: [...results, ...texts] }, given.flatMap((each) => each.mails))
    this.#welcome(given)
  }

  #welcome(given: Given[]): void {
    for (const { text, typed } of given) {
      if (typed) this.#parts.reports.add({ event: 'taken', text })
      else this.#parts.print(`> ${text}`)
    }
  }

  async #converse(model: Model, signal: AbortSignal): Promise<void> {
    const { conversation, inbox, team, system } = this.#parts
    const tools: Tool[] = [...(await team.list(signal)), ...ownTools]
    for (;;) {
      const answer = await model.ask(system, tools, conversation.messages, signal)
      conversation.add({ role: 'assistant', content: answer.content })
      this.#account(answer)
      const calls = answer.content.filter((block): block is Call => block.type === 'tool_use')
      if (calls.length === 0) return this.#say(answer)
      const results: Result[] = []
      for (const call of calls) results.push(await this.#execute(call, signal, false, tools))
      this.#give(results, inbox.take())
    }
  }

  #say({ content }: Answer): void {
    const text = content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n')
    if (text !== '') this.#parts.reports.add({ event: 'said', text })
  }

  #account({ id, model, content, usage }: Answer): void {
    for (const block of content) if (block.type === 'text') this.#parts.print(block.text)
    const tokens = {
      input: usage.input_tokens,
      output: usage.output_tokens,
      cacheRead: usage.cache_read_input_tokens,
      cacheWrite: usage.cache_creation_input_tokens,
    }
    this.#parts.reports.add({ event: 'usage', key: id, at: Date.now(), model, tokens })
  }

  /**
   * `late`: the run that asked for it ended before the result. The team's tools are then called (again):
   * their key makes that safe. Own tools are not: a crash would repeat for ever.
   */
  async #execute(call: Call, signal: AbortSignal, late: boolean, tools: Tool[] = []): Promise<Result> {
    const { print, leave, conversation, team, askLeave } = this.#parts
    const result = (content: string, isError = false): Result => ({
      type: 'tool_result',
      tool_use_id: call.id,
      content,
      ...(isError ? { is_error: true } : {}),
    })
    print(`* ${call.name} ${JSON.stringify(call.input)}`)
    const own = ownTools.find((tool) => tool.name === call.name)
    if (own !== undefined) {
      if (late) return result('The program ended before this was done.', true)
      const why = await askLeave(own, call.input, signal)
      if (why !== null) {
        print(`  ${why}`)
        return result(why, true)
      }
      const done = await own.run(call.input, { signal, print, leave })
      await this.#worked(call.name)
      return result(done)
    }
    const offered = tools.length > 0 ? tools : await team.list(signal)
    const done = await team.call(call.name, withKey(call, conversation.id, offered), signal)
    if (done.isError) print(`  ${done.text}`)
    else this.#noteAcknowledged(call)
    return result(done.text, done.isError)
  }

  /** The team counts what comes after it anew, so it should know first. */
  async #worked(tool: string): Promise<void> {
    const { reports } = this.#parts
    reports.add({ event: 'worked', tool })
    await reports.settled(workedMs)
  }

  #noteAcknowledged({ name, input }: Call): void {
    const { ids } = input as { ids?: unknown }
    if ((name === 'inbox_ack' || name === 'inbox_read') && Array.isArray(ids)) this.#parts.conversation.acknowledged(ids.map(Number))
  }

  async #acknowledge(numbers: number[], signal: AbortSignal): Promise<void> {
    if (numbers.length === 0) return
    await this.#parts.team.call('inbox_ack', { ids: numbers }, signal)
    this.#parts.conversation.acknowledged(numbers)
  }

  #stopped(error: unknown, turn: AbortSignal): void {
    const { conversation, print, reports } = this.#parts
    const results = conversation.unanswered.map((call): Block => ({ type: 'tool_result', tool_use_id: call.id, content: 'interrupted', is_error: true }))
    if (turn.aborted) {
      print('Interrupted.')
      conversation.add({ role: 'user', content: [...results, { type: 'text', text: interrupted }] })
    } else if (error instanceof Refused) {
      print(`Model error: ${error.message}`)
      if (results.length > 0) conversation.add({ role: 'user', content: results })
      reports.add({ event: 'failure', class: error.class, why: error.message, until: error.until })
    } else throw error
  }
}

/** Sending twice under one key is sending once: so a call can be repeated when its answer got lost. */
function withKey(call: Call, conversation: string, offered: Tool[]): Record<string, unknown> {
  const takesKey = offered.find((tool) => tool.name === call.name)?.inputSchema.properties?.['key'] !== undefined
  return takesKey && call.input['key'] === undefined ? { ...call.input, key: `${conversation} ${call.id}` } : call.input
}
