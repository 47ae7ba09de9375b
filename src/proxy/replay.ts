import { mailsIn, type Mail } from './mail.ts'
import { scriptFor, type Rule, type Scenario, type Step } from './scenario.ts'

/** A conversation as every wire format reduces to it. */
export type Turn =
  | { by: 'model' }
  /** Text for the model. `spoken`: said by a user, not slipped in by the program around it. */
  | { by: 'given'; text: string; spoken: boolean }
  /** What a tool returned: mail in it counts, other text does not. */
  | { by: 'tool'; text: string }
  /** A person stopped the turn: what was left of it is dropped. */
  | { by: 'interrupt' }

/** What a step's placeholders stand for. */
export interface Values {
  /** `{1}`, `{2}`, …; 0 is the whole match. */
  groups: string[]
  /** `{id}`: the message that matched; `{ids}`: every message that came with it. */
  id: number | null
  ids: number[]
  /** `{from}`, `{text}` */
  from: string
  text: string
}

export interface Planned {
  step: Step
  values: Values
  /** The same for the same step at the same place of a conversation. */
  key: string
}

/** Whether a tool of this short name is on offer in the conversation. */
export type IsOffered = (tool: string) => boolean

/** One answer of the model: failures to go through first, then what is said. */
export interface Move {
  fails: (Planned & { step: Extract<Step, { do: 'fail' }> })[]
  says: Planned[]
}

/**
 * Where an agent is in its script, computed from the conversation alone: a text appends the steps of
 * the first rule that fits it, an answer of the model takes one move away. So neither a restart of the
 * proxy nor a resumed conversation loses the place. A call of a tool that is not on offer counts as text.
 */
export function replay(scenario: Scenario, agent: string, turns: readonly Turn[], isOffered: IsOffered): Planned[] {
  const script = scriptFor(scenario, agent)
  const seen = new Set<number>()
  let queue: Planned[] = []
  let before: Turn['by'] | null = null
  for (const [place, turn] of turns.entries()) {
    // Some CLIs send one answer as several messages in a row.
    if (turn.by === 'model' && before !== 'model') queue = queue.slice(moveLength(queue, isOffered))
    if (turn.by === 'interrupt') queue = []
    if (turn.by === 'given' || turn.by === 'tool') queue = [...queue, ...stepsFor(script, turn, seen, place, queue.length === 0)]
    before = turn.by
  }
  return queue
}

function stepsFor(
  script: ReturnType<typeof scriptFor>,
  turn: Extract<Turn, { text: string }>,
  seen: Set<number>,
  place: number,
  free: boolean,
): Planned[] {
  const mails = mailsIn(turn.text)
  if (mails.length === 0) {
    if (turn.by === 'tool' || turn.text.trim() === '') return []
    const found = firstMatch(script.rules, turn.text, null)
    if (found !== null) return plan(found.steps, plain(turn.text, found.groups), `${place}`)
    return free && turn.spoken ? plan(script.otherwise, plain(turn.text, [turn.text]), `${place}`) : []
  }
  const fresh = mails.filter((mail) => !seen.has(mail.n))
  for (const mail of fresh) seen.add(mail.n)
  const ids = fresh.map((mail) => mail.n)
  return fresh.flatMap((mail) => {
    const found = firstMatch(script.rules, mail.body, mail)
    const groups = found?.groups ?? [mail.body]
    const values = { groups, id: mail.n, ids, from: mail.from, text: mail.body }
    return plan(found?.steps ?? script.otherwise, values, `mail ${mail.n}`)
  })
}

function plain(text: string, groups: string[]): Values {
  return { groups, id: null, ids: [], from: '', text: text.trim() }
}

function plan(steps: Step[], values: Values, where: string): Planned[] {
  return steps.map((step, index) => ({ step, values, key: `${where} step ${index}` }))
}

function firstMatch(rules: Rule[], text: string, mail: Mail | null): { steps: Step[]; groups: string[] } | null {
  for (const rule of rules) {
    if (rule.from !== null && !isFrom(mail, rule.from)) continue
    const groups = rule.when === null ? [text] : rule.when(text)
    if (groups !== null) return { steps: rule.steps, groups }
  }
  return null
}

function isFrom(mail: Mail | null, name: string): boolean {
  return mail !== null && (mail.from === name || mail.from.endsWith(`:${name}`))
}

/**
 * The next answer. Text goes out together with the tool call that follows it: an answer without a call
 * would end the turn in the middle of the script.
 */
export function nextMove(queue: readonly Planned[], isOffered: IsOffered): Move {
  const steps = queue.slice(0, moveLength(queue, isOffered))
  const isFailure = (planned: Planned): planned is Move['fails'][number] => planned.step.do === 'fail'
  return { fails: steps.filter(isFailure), says: steps.filter((planned) => !isFailure(planned)) }
}

function moveLength(queue: readonly Planned[], isOffered: IsOffered): number {
  const call = queue.findIndex(({ step }) => step.do === 'tool' && isOffered(step.tool))
  return call === -1 ? queue.length : call + 1
}

/** Puts the values into a step's text or arguments. `{id}` alone gives a number, `{ids}` alone a list of them. */
export function fill(value: unknown, values: Values): unknown {
  if (typeof value === 'string') return fillText(value, values)
  if (Array.isArray(value)) return value.map((each) => fill(each, values)).filter((each) => each !== null)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, values)]))
  }
  return value
}

function fillText(text: string, values: Values): unknown {
  if (text === '{id}') return values.id
  if (text === '{ids}') return values.ids
  return text.replace(/\{(\d+|id|ids|from|text)\}/g, (whole, name: string) => {
    if (/^\d+$/.test(name)) return values.groups[Number(name)] ?? ''
    if (name === 'id') return String(values.id ?? '')
    if (name === 'ids') return values.ids.join(', ')
    return name === 'from' ? values.from : name === 'text' ? values.text : whole
  })
}
