import { TroupeError } from '../core/error.ts'
import type { Clock } from '../core/clock.ts'
import { anthropic } from './anthropic.ts'
import { exampleOf } from './example.ts'
import { fill, nextMove, replay, type Move, type Planned, type Turn } from './replay.ts'
import type { Failure, Scenario } from './scenario.ts'
import { tokensIn, type Answer, type Ask, type Wire } from './wire.ts'
import { findWire } from './wires.ts'

/** One line of what the scripted model was asked, newest last. */
export interface Exchange extends Answer {
  at: number
  agent: string
  path: string
  model: string
  /** `side`: a call of the CLI's own, such as for a title. */
  kind: 'turn' | 'side'
  outcome: 'answered' | Failure['kind']
  usage: { input: number; output: number; cacheRead: number; cacheWrite: number }
}

export interface Rehearsal {
  /**
   * Answers as a model provider would. `caller.agent` (`project:agent`) comes from the connection. A path
   * prefix before `/v1/…` is of no matter. Does not reject when the caller hangs up.
   */
  handle(request: Request, caller: { agent: string }): Promise<Response>
  /** The last exchanges, at most 10,000. */
  requests(): readonly Exchange[]
}

const keptExchanges = 10_000

/** The scripted model. Keeps no place in any script: only how often a scripted failure has happened. */
export function rehearsal(scenario: Scenario, { clock }: { clock: Clock }): Rehearsal {
  const exchanges: Exchange[] = []
  const failures = new Failures()
  const abandoned = new Abandoned()

  async function serve(request: Request, agent: string): Promise<Response> {
    const path = new URL(request.url).pathname
    const found = findWire(request.method, path)
    if (found === null) return isProbe(request.method) ? new Response(null) : anthropic.refuse(404, `${request.method} ${path} is not served`)
    const { wire, asked } = found
    if (asked === 'models') return wire.models()
    const ask = await readAsk(wire, request, path)
    if (ask instanceof Response) return ask
    if (asked === 'count') return wire.count(ask)
    const note = (kind: Exchange['kind'], outcome: Exchange['outcome'], answer: Answer): void => {
      exchanges.push({ at: clock.now(), agent, path, model: ask.model, kind, outcome, ...answer, usage: usageOf(ask, answer) })
      if (exchanges.length > keptExchanges) exchanges.shift()
    }
    return isSideCall(ask) ? aside(wire, ask, note) : turn(wire, ask, note, agent, request.signal)
  }

  async function turn(wire: Wire, ask: Ask, note: Note, agent: string, signal: AbortSignal): Promise<Response> {
    const isOffered = (tool: string): boolean => resolveTool(tool, ask.tools) !== null
    const over = abandoned.begin(agent, ask.turns)
    const move = nextMove(replay(scenario, agent, abandoned.marked(agent, ask.turns), isOffered), isOffered)
    const answer = answerOf(move.says, ask.tools)
    const failing = failures.next(agent, move)
    if (failing === null) {
      const delay = move.says.reduce((sum, planned) => sum + planned.step.delay, 0)
      await pause(delay, clock, signal).then(() => over('answered'), (error: unknown) => {
        over('hung up')
        throw error
      })
      note('turn', 'answered', answer)
      return wire.answer(ask, answer)
    }
    over('failed')
    const { how, delay } = failing.step
    await pause(delay, clock, signal)
    note('turn', how.kind, noAnswer)
    if (how.kind === 'never') return untilGone(signal)
    const now = clock.now()
    return wire.fail(how.kind === 'limit' ? wire.usedUp((Math.ceil(now / 1000) + how.seconds) * 1000, now) : how, ask, answer)
  }

  return {
    handle: (request, { agent }) => serve(request, agent).catch(goneOrThrow),
    requests: () => exchanges,
  }
}

type Note = (kind: Exchange['kind'], outcome: Exchange['outcome'], answer: Answer) => void

function aside(wire: Wire, ask: Ask, note: Note): Response {
  const text = ask.schema === undefined ? 'Rehearsal' : JSON.stringify(exampleOf(ask.schema))
  const answer = { text, calls: [], outputTokens: tokensIn(text) }
  note('side', 'answered', answer)
  return wire.answer(ask, answer)
}

/** Failures leave no trace in a conversation, so they are counted here, in memory. */
class Failures {
  readonly #times = new Map<string, number>()

  /**
   * The first failure of the move that has not happened often enough. Once all have, they are forgotten, so that they happen
   * in the next conversation too; but those of a message are not, which is one thing in every conversation that it is shown in.
   */
  next(agent: string, { fails }: Move): Move['fails'][number] | null {
    for (const planned of fails) {
      const key = `${agent} ${planned.key}`
      const times = this.#times.get(key) ?? 0
      if (times >= planned.step.times) continue
      this.#times.set(key, times + 1)
      return planned
    }
    for (const planned of fails) if (planned.values.id === null) this.#times.delete(`${agent} ${planned.key}`)
    return null
  }
}

/**
 * Where in a conversation its caller hung up. Some CLIs leave no trace of an interrupted turn there: what is said next
 * would be taken for more work after it. A caller who asks the same again gets the same answer.
 */
class Abandoned {
  readonly #places = new Map<string, number[]>()
  /** Conversations whose answer is still to come. */
  readonly #pending = new Set<{ agent: string; turns: readonly Turn[] }>()

  /** Who goes on in a conversation has given up what was asked before, also where that is heard of later. Returns how it ends. */
  begin(agent: string, turns: readonly Turn[]): (how: 'answered' | 'failed' | 'hung up') => void {
    for (const earlier of this.#pending) if (earlier.agent === agent && goesOn(earlier.turns, turns)) this.#giveUp(earlier)
    const asked = { agent, turns }
    this.#pending.add(asked)
    return (how) => {
      if (how === 'hung up' && this.#pending.has(asked)) this.#giveUp(asked)
      this.#pending.delete(asked)
    }
  }

  #giveUp(asked: { agent: string; turns: readonly Turn[] }): void {
    this.#pending.delete(asked)
    this.#places.set(asked.agent, [...(this.#places.get(asked.agent) ?? []), asked.turns.length])
  }

  /** The turns, with an interrupt wherever the caller hung up and then went on. */
  marked(agent: string, turns: Turn[]): Turn[] {
    const places = (this.#places.get(agent) ?? []).filter((place) => place < turns.length)
    this.#places.set(agent, places)
    return turns.flatMap((turn, at): Turn[] => (places.includes(at) ? [{ by: 'interrupt' }, turn] : [turn]))
  }
}

function goesOn(before: readonly Turn[], turns: readonly Turn[]): boolean {
  return before.length < turns.length && JSON.stringify(before) === JSON.stringify(turns.slice(0, before.length))
}

const noAnswer: Answer = { text: '', calls: [], outputTokens: 0 }

/** A call that failed costs nothing. */
function usageOf(ask: Ask, answer: Answer): Exchange['usage'] {
  if (answer === noAnswer) return { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
  const { tokens, cacheRead, cacheWrite } = ask.input
  return { input: tokens, output: answer.outputTokens, cacheRead, cacheWrite }
}

function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (ms === 0) return Promise.resolve()
  const over = new Promise<void>((resolve) => clock.after(ms, resolve))
  return Promise.race([over, untilGone(signal)])
}

function untilGone(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(new HungUp())
    else signal.addEventListener('abort', () => reject(new HungUp()), { once: true })
  })
}

class HungUp extends Error {}

/** Nobody reads this answer any more; 499 is what proxies log for it. */
function goneOrThrow(error: unknown): Response {
  if (error instanceof HungUp) return new Response(null, { status: 499 })
  throw error
}

/** CLIs look whether anybody is there before they ask. */
function isProbe(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

async function readAsk(wire: Wire, request: Request, path: string): Promise<Ask | Response> {
  try {
    return wire.read(await request.json(), path)
  } catch (error) {
    if (error instanceof SyntaxError) return wire.refuse(400, 'the body is not JSON')
    if (error instanceof TroupeError) return wire.refuse(error.code === 'too_large' ? 413 : 400, error.message)
    throw error
  }
}

/** An agent at work always has tools; a call without them, or for JSON, is for the CLI's own use (a title, a summary). */
function isSideCall(ask: Ask): boolean {
  return ask.tools.length === 0 || ask.schema !== undefined
}

function answerOf(says: Planned[], tools: string[]): Answer {
  const texts: string[] = []
  const calls: Answer['calls'] = []
  for (const { step, values } of says) {
    if (step.do === 'fail') continue
    if (step.text !== '') texts.push(String(fill(step.text, values)))
    if (step.do !== 'tool') continue
    const tool = resolveTool(step.tool, tools)
    if (tool !== null) calls.push({ tool, args: fill(step.args, values) as Record<string, unknown> })
    else texts.push(`(the scenario wants the tool "${step.tool}", which is not on offer: ${tools.join(', ')})`)
  }
  const text = texts.join('\n') || (calls.length === 0 ? 'done' : '')
  const said = says.flatMap(({ step }) => (step.do === 'fail' ? [] : (step.outputTokens ?? [])))
  const spoken = tokensIn(text + calls.map((call) => JSON.stringify(call.args)).join(''))
  return { text, calls, outputTokens: said.length === 0 ? spoken : said.reduce((sum, each) => sum + each, 0) }
}

/** CLIs put the server's name before a tool's, each in its way: `mcp__team__dm`, `team_dm`. */
export function resolveTool(short: string, offered: readonly string[]): string | null {
  for (const ending of ['', '__', '_', '.', '/', ':']) {
    const found = offered.find((name) => (ending === '' ? name === short : name.endsWith(`${ending}${short}`)))
    if (found !== undefined) return found
  }
  // The same tool has another case elsewhere: `Bash`, `bash`.
  return offered.find((name) => name.toLowerCase() === short.toLowerCase()) ?? null
}
