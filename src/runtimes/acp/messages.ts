import { z } from 'zod'

/**
 * The Agent Client Protocol, version 1, as far as troupe needs it: JSON-RPC 2.0, one message a line. Why without the SDK:
 * docs/decisions/0013-acp.md.
 */
export const protocolVersion = 1

const record = z.record(z.string(), z.unknown())

const authMethod = z.looseObject({ id: z.string(), name: z.string().optional() })
export type AuthMethod = z.infer<typeof authMethod>

export const initialized = z.looseObject({
  authMethods: z.array(authMethod).nullish(),
  agentCapabilities: z
    .looseObject({
      loadSession: z.boolean().default(false),
      mcpCapabilities: z.looseObject({ http: z.boolean().default(false) }).default({ http: false }),
      promptCapabilities: z.looseObject({ image: z.boolean().default(false) }).default({ image: false }),
    })
    .default({ loadSession: false, mcpCapabilities: { http: false }, promptCapabilities: { image: false } }),
})

const named = z.looseObject({ id: z.string() })
/** `options` may stand in groups, which have no value of their own. */
const configOption = z.looseObject({
  id: z.string(),
  category: z.string().nullish(),
  currentValue: z.string().nullish().catch(null),
  options: z.array(z.looseObject({ value: z.string().optional() })).nullish().catch(null),
})
/** Of `session/new`; that of `session/load` has no id. */
export const session = z.looseObject({
  sessionId: z.string().optional(),
  modes: z.looseObject({ currentModeId: z.string(), availableModes: z.array(named).default([]) }).nullish(),
  models: z.looseObject({ currentModelId: z.string() }).nullish(),
  configOptions: z.array(configOption).nullish(),
})

export type Opened = z.infer<typeof session>

export const turn = z.looseObject({ stopReason: z.string() })

export const toolCall = z.looseObject({
  toolCallId: z.string(),
  title: z.string().nullish(),
  kind: z.string().nullish(),
  status: z.string().nullish(),
  rawInput: z.unknown().optional(),
  locations: z.array(z.looseObject({ path: z.string() })).nullish(),
})
export type AcpToolCall = z.infer<typeof toolCall>

export const permission = z.looseObject({
  toolCall,
  options: z.array(z.looseObject({ optionId: z.string(), kind: z.string() })),
})
export type Permission = z.infer<typeof permission>

export const update = z.looseObject({
  sessionUpdate: z.string(),
  content: z.unknown().optional(),
})

/** Some libraries write each member of an answer, those that it has not as null. */
export const message = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().nullish().transform((method) => method ?? undefined),
  params: record.optional().catch(undefined),
  result: z.unknown().optional(),
  error: z
    .looseObject({ code: z.number().catch(0), message: z.string().catch(''), data: z.unknown().optional() })
    .nullish()
    .transform((error) => error ?? undefined),
})
export type Message = z.infer<typeof message>

/** An answer to a question about a call: the option of that kind, the narrowest first; none means that it is withdrawn. */
export function outcomeOf({ options }: Permission, allowed: boolean): Record<string, unknown> {
  const kinds = allowed ? ['allow_once', 'allow_always'] : ['reject_once', 'reject_always']
  const option = kinds.map((kind) => options.find((each) => each.kind === kind)).find((each) => each !== undefined)
  return { outcome: option === undefined ? { outcome: 'cancelled' } : { outcome: 'selected', optionId: option.optionId } }
}
