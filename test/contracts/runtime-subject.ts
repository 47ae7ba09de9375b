import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Rung } from '../../src/core/ladder.ts'
import type { Launch, Runtime, Signal, UsageRecord } from '../../src/core/runtime.ts'
import type { Failure, Rule, Step } from '../../src/proxy/scenario.ts'
import { RuntimeStage, until, type Run, type StageOptions } from './runtime-stage.ts'

/** What a runtime brings to the suite. */
export interface RuntimeSubject {
  make(): Runtime
  /** Environment of the host: where the CLI is. */
  env: Record<string, string>
  /** A step that makes this CLI run a command in its shell. In permission mode `manual` it asks its user before. */
  shell(command: string): Step
  /** What the screen shows while it asks. */
  asking: RegExp
  /** Its terminal shows what was said, line after line: a question stays there after its answer. */
  keepsWhatWasSaid?: true
  /** A model that this CLI takes, and the name that reaches the provider. */
  model: { given: string; asked: string }
  /** What a request to the model holds where the effort is `low`. Absent where no effort can be set. */
  effort?: RegExp
  /** What an agent that tells its tokens itself tells of a turn of one call, for which the model counted `tokens`. */
  tells?: (tokens: UsageRecord['tokens']) => UsageRecord['tokens']
  /** How its provider says that an allowance is used up till then (ms). `launch`: what has to be otherwise for that. */
  limit: { how(until: number): Failure; launch?: (launch: Launch) => Launch }
  /** How often it asks the model in one turn that fails, at most, where `launch` makes it impatient. */
  tries: number
  impatient?: (launch: Launch) => Launch
  /** Failures after which it asks for longer than a test may take: it has to say so, and to go on once the model answers. */
  endless?: readonly FailureWord[]
  /** `turn`: a stream that breaks off ends the turn; absent: the model is asked again. */
  drops?: 'turn'
}

export type FailureWord = '401' | '429' | '500' | 'STREAM' | 'DROP'

export const contains = (text: string) => (said: string) => (said.includes(text) ? [text] : null)
export const say = (text: string): Step => ({ do: 'text', text, delay: 0 })
export const tool = (name: string): Step => ({ do: 'tool', tool: name, args: {}, text: '', delay: 0 })
export const on = (word: string, ...steps: Step[]): Rule => ({ when: contains(word), from: null, steps })

/** Stages and runs of one test after the other; `clear` ends them. */
export class Trials {
  readonly #subject: RuntimeSubject
  readonly #rules: Rule[]
  readonly #stages: RuntimeStage[] = []
  readonly #runs: Run[] = []

  constructor(subject: RuntimeSubject, rules: Rule[]) {
    this.#subject = subject
    this.#rules = rules
  }

  async stage(more: Partial<StageOptions> = {}): Promise<RuntimeStage> {
    const made = await RuntimeStage.make(this.#subject.make(), { env: this.#subject.env, rules: this.#rules, ...more })
    this.#stages.push(made)
    return made
  }

  /** Ready and idle. */
  async start(stage: RuntimeStage, session: string | null = null, change?: (launch: Launch) => Launch): Promise<Run> {
    const run = await stage.start(session, change)
    this.#runs.push(run)
    await run.signal('ready')
    await run.signal('idle')
    return run
  }

  adopt(run: Run): Run {
    run.forget()
    const adopted = run.adopt()
    this.#runs.push(adopted)
    return adopted
  }

  async clear(): Promise<void> {
    for (const run of this.#runs.splice(0)) run.forget()
    for (const each of this.#stages.splice(0)) await each.end()
  }
}

/** Gives it words of its person by the best rung for an idle one. Returns where its signals of that begin. */
export async function tell(stage: RuntimeStage, run: Run, text: string, rungs: readonly Rung[]): Promise<{ from: number; marker: string }> {
  const from = run.signals.length
  const parcel = stage.parcel('operator', text)
  expect((await run.session.deliver(first(rungs), parcel)).result).not.toBe('refused')
  return { from, marker: parcel.marker }
}

/** Its turn began, and is over. */
export async function overAgain(run: Run, from: number): Promise<void> {
  const busy = await run.signal('busy', undefined, from)
  await run.signal('idle', undefined, run.signals.indexOf(busy))
}

/** Longer than any CLI takes to draw what an Escape did. ms */
const escapeMs = 1_000

/** To a question on its screen. Some let a key pass by just after they have asked, against a person who types something else. */
export async function sayNo(run: Run, { asking, keepsWhatWasSaid }: RuntimeSubject): Promise<void> {
  await until('the question is answered', async () => {
    if (!asking.test(await run.screen())) return true
    await run.type({ keys: ['Escape'] })
    await sleep(escapeMs)
    return keepsWhatWasSaid === true
  })
}

export function first(rungs: readonly Rung[]): Rung {
  const rung = rungs.find((each) => each !== 'fetch')
  if (rung === undefined) throw new Error('no rung to begin with')
  return rung
}

export function proofsOf(run: Run, marker: string): Signal[] {
  return run.signals.filter((signal) => signal.type === 'proof' && signal.marker === marker)
}

export function notesOf(run: Run, from = 0): string[] {
  return run.signals.slice(from).flatMap((signal) => (signal.type === 'note' ? [signal.evidence.what] : []))
}
