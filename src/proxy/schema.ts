import { z } from 'zod'
import type { Failure, Rule, Scenario, Script, Step } from './scenario.ts'

/** The YAML of a scenario. docs/scenarios.md tells it to people. */

const ms = z.number().int().min(0).max(3_600_000)

const step = z
  .strictObject({
    tool: z.string().min(1).optional(),
    args: z.record(z.string(), z.unknown()).optional(),
    text: z.string().optional(),
    status: z.number().int().min(400).max(599).optional(),
    headers: z.record(z.string(), z.coerce.string()).optional(),
    message: z.string().optional(),
    limit: z.number().int().min(1).max(31_536_000).optional(),
    drop: z.union([z.literal(true), z.literal('midway')]).optional(),
    error: z.enum(['overloaded', 'api', 'rate_limit']).optional(),
    never: z.literal(true).optional(),
    times: z.number().int().min(1).optional(),
    output_tokens: z.number().int().min(0).optional(),
    delay: ms.default(0),
  })
  .superRefine((value, context) => {
    const kinds = (['tool', 'status', 'limit', 'drop', 'error', 'never'] as const).filter((kind) => value[kind] !== undefined)
    const refuse = (message: string, key?: string) => context.addIssue({ code: 'custom', message, path: key === undefined ? [] : [key] })
    if (kinds.length > 1) return refuse(`a step does one thing, this one has ${kinds.join(' and ')}`)
    const kind = kinds[0] ?? 'text'
    if (kind === 'text' && value.text === undefined) refuse('a step needs one of tool, text, status, limit, drop, error, never')
    if (value.args !== undefined && kind !== 'tool') refuse('args go with tool', 'args')
    if (value.text !== undefined && kind !== 'tool' && kind !== 'text') refuse(`text does not go with ${kind}`, 'text')
    if (value.output_tokens !== undefined && kind !== 'tool' && kind !== 'text') refuse(`output_tokens does not go with ${kind}`, 'output_tokens')
    if (value.times !== undefined && (kind === 'tool' || kind === 'text')) refuse('times goes with a failure', 'times')
    for (const key of ['headers', 'message'] as const) if (value[key] !== undefined && kind !== 'status') refuse(`${key} goes with status`, key)
  })
  .transform(toStep)

function toStep(value: {
  tool?: string | undefined
  args?: Record<string, unknown> | undefined
  text?: string | undefined
  status?: number | undefined
  headers?: Record<string, string> | undefined
  message?: string | undefined
  limit?: number | undefined
  drop?: true | 'midway' | undefined
  error?: 'overloaded' | 'api' | 'rate_limit' | undefined
  times?: number | undefined
  output_tokens?: number | undefined
  delay: number
}): Step {
  const { delay, text = '' } = value
  const said = value.output_tokens === undefined ? {} : { outputTokens: value.output_tokens }
  const fail = (how: Failure): Step => ({ do: 'fail', how, times: value.times ?? 1, delay })
  if (value.tool !== undefined) return { do: 'tool', tool: value.tool, args: value.args ?? {}, text, delay, ...said }
  if (value.text !== undefined) return { do: 'text', text, delay, ...said }
  if (value.status !== undefined) {
    return fail({ kind: 'status', status: value.status, headers: value.headers ?? {}, message: value.message ?? 'as the scenario says' })
  }
  if (value.limit !== undefined) return fail({ kind: 'limit', seconds: value.limit })
  if (value.drop !== undefined) return fail({ kind: 'drop', midway: value.drop === 'midway' })
  return fail(value.error === undefined ? { kind: 'never' } : { kind: 'error', error: value.error })
}

const steps = z.array(step).min(1)

const entry = z
  .strictObject({ when: z.string().min(1).optional(), from: z.string().min(1).optional(), do: steps.optional(), otherwise: steps.optional() })
  .superRefine((value, context) => {
    const asRule = value.when !== undefined || value.from !== undefined
    if (value.otherwise !== undefined && (asRule || value.do !== undefined)) {
      context.addIssue({ code: 'custom', message: 'otherwise stands alone', path: ['otherwise'] })
    } else if (value.otherwise === undefined && (!asRule || value.do === undefined)) {
      context.addIssue({ code: 'custom', message: 'a rule needs when or from, and do' })
    }
    if (value.when !== undefined && toMatcher(value.when) === null) {
      context.addIssue({ code: 'custom', message: `${value.when} is not a regular expression`, path: ['when'] })
    }
  })

const script = z.array(entry).transform((entries): Script => {
  const rules = entries.flatMap((each): Rule[] =>
    each.do === undefined ? [] : [{ when: each.when === undefined ? null : toMatcher(each.when), from: each.from ?? null, steps: each.do }],
  )
  return { rules, otherwise: entries.find((each) => each.otherwise !== undefined)?.otherwise ?? null }
})

/** `/expression/flags`, or a part of the text as it stands. Null: a broken expression. */
function toMatcher(when: string): ((text: string) => string[] | null) | null {
  const written = /^\/(.*)\/([a-z]*)$/s.exec(when)
  if (written === null) return (text) => (text.includes(when) ? [when] : null)
  try {
    const expression = new RegExp(written[1]!, written[2]!.replace(/[gy]/g, ''))
    return (text) => expression.exec(text)?.map((group) => group ?? '') ?? null
  } catch {
    return null // the caller says where it stands
  }
}

const address = z.string().regex(/^(\*|([\w.-]+:)?[\w.-]+)$/, 'name agents as project:agent, by the short name for every project, or * for all')

export const scenarioSchema: z.ZodType<Omit<Scenario, 'name'>> = z
  .strictObject({ about: z.string(), agents: z.record(address, script) })
  .transform(({ about, agents }) => ({ about, scripts: agents }))
