import { z } from 'zod'

/**
 * What `codex app-server` says and takes, as far as troupe needs it: JSON-RPC without its version member, one message each. Found
 * with `codex app-server generate-ts` of 0.169.0, which calls it experimental: every field is checked, and more is let through.
 */

export const threadStatus = z.union([
  z.looseObject({ type: z.literal('active'), activeFlags: z.array(z.string()).default([]) }),
  z.looseObject({ type: z.enum(['idle', 'notLoaded', 'systemError']) }),
])
export type ThreadStatus = z.infer<typeof threadStatus>

export const thread = z.looseObject({
  id: z.string(),
  parentThreadId: z.string().nullish(),
  /** A thread of the CLI's own, such as for a title. */
  ephemeral: z.boolean().default(false),
  name: z.string().nullish(),
  /** Of its record on disk; there once something was said. */
  path: z.string().nullish(),
  cwd: z.string(),
  status: threadStatus,
})
export type Thread = z.infer<typeof thread>

export const turnError = z.looseObject({
  message: z.string(),
  /** A word, or an object with one member of that name: `{responseStreamDisconnected: {httpStatusCode: 401}}`. */
  codexErrorInfo: z.unknown().optional(),
  additionalDetails: z.string().nullish(),
})
export type TurnError = z.infer<typeof turnError>

export const turn = z.looseObject({
  id: z.string(),
  status: z.enum(['completed', 'interrupted', 'failed', 'inProgress']).catch('completed'),
  error: turnError.nullish(),
  /** s since the epoch. */
  completedAt: z.number().nullish(),
})
export type Turn = z.infer<typeof turn>

export type UserInput = { type: 'text'; text: string; text_elements: [] } | { type: 'image'; url: string }

const inputPart = z.looseObject({ type: z.string(), text: z.string().optional() })

/** A part of a conversation. Only those of a user's words are looked into. */
export const item = z.looseObject({
  type: z.string(),
  id: z.string(),
  content: z.array(inputPart).optional().catch(undefined),
  command: z.string().optional(),
  status: z.string().optional(),
  server: z.string().optional(),
  tool: z.string().optional(),
})
export type Item = z.infer<typeof item>

export const tokens = z.looseObject({
  inputTokens: z.number(),
  cachedInputTokens: z.number().default(0),
  cacheWriteInputTokens: z.number().default(0),
  outputTokens: z.number(),
})

const window = z.looseObject({ usedPercent: z.number(), resetsAt: z.number().nullish() }).nullish()
export const rateLimits = z.looseObject({ primary: window, secondary: window, rateLimitReachedType: z.unknown().optional() })
export type RateLimits = z.infer<typeof rateLimits>

/** Said by the server of its own accord; those that are missing here are not looked at. */
export const notifications = {
  'thread/started': z.looseObject({ thread }),
  'thread/status/changed': z.looseObject({ threadId: z.string(), status: threadStatus }),
  'thread/name/updated': z.looseObject({ threadId: z.string() }),
  'thread/compacted': z.looseObject({ threadId: z.string() }),
  'thread/tokenUsage/updated': z.looseObject({ threadId: z.string(), turnId: z.string(), tokenUsage: z.looseObject({ total: tokens, last: tokens }) }),
  'turn/started': z.looseObject({ threadId: z.string(), turn }),
  'turn/completed': z.looseObject({ threadId: z.string(), turn }),
  'item/started': z.looseObject({ threadId: z.string(), turnId: z.string(), item }),
  'item/completed': z.looseObject({ threadId: z.string(), turnId: z.string(), item }),
  'item/agentMessage/delta': z.looseObject({ threadId: z.string(), itemId: z.string(), delta: z.string() }),
  error: z.looseObject({ threadId: z.string(), turnId: z.string(), willRetry: z.boolean(), error: turnError }),
  'serverRequest/resolved': z.looseObject({ threadId: z.string(), requestId: z.union([z.string(), z.number()]) }),
  'account/rateLimits/updated': z.looseObject({ rateLimits }),
} as const
export type Notifications = { [Name in keyof typeof notifications]: z.infer<(typeof notifications)[Name]> }
export type Notification = { [Name in keyof Notifications]: { method: Name; params: Notifications[Name] } }[keyof Notifications]

const asked = z.looseObject({ threadId: z.string(), turnId: z.string().nullish(), itemId: z.string().optional(), reason: z.string().nullish() })

/** What the server asks whoever is connected; the first answer counts, and the others are told by `serverRequest/resolved`. */
export const questions = {
  'item/commandExecution/requestApproval': asked.extend({ command: z.string().nullish(), cwd: z.string().nullish(), approvalId: z.string().nullish() }),
  'item/fileChange/requestApproval': asked.extend({ grantRoot: z.string().nullish() }),
  'item/permissions/requestApproval': asked.extend({ cwd: z.string().nullish() }),
  'item/tool/requestUserInput': asked.extend({ questions: z.array(z.looseObject({ question: z.string().optional() })).default([]) }),
  'mcpServer/elicitation/request': asked.extend({ serverName: z.string(), message: z.string().default(''), _meta: z.looseObject({ tool_name: z.string().optional(), tool_params: z.unknown().optional() }).nullish() }),
} as const
export type Questions = { [Name in keyof typeof questions]: z.infer<(typeof questions)[Name]> }
export type Question = { [Name in keyof Questions]: { id: string | number; method: Name; params: Questions[Name] } }[keyof Questions]

/** The answer to a question, yes or no. Null where only a person can say more. */
export function answerTo(question: Question, verdict: 'approve' | 'deny'): Record<string, unknown> | null {
  switch (question.method) {
    case 'item/commandExecution/requestApproval':
    case 'item/fileChange/requestApproval':
      return { decision: verdict === 'approve' ? 'accept' : 'decline' }
    case 'mcpServer/elicitation/request':
      return verdict === 'approve' ? { action: 'accept', content: {} } : { action: 'decline' }
    default:
      return null
  }
}

/** Answers to our calls. */
export const results = {
  initialize: z.looseObject({ userAgent: z.string() }),
  'thread/loaded/list': z.looseObject({ data: z.array(z.string()) }),
  'thread/read': z.looseObject({ thread }),
  'thread/start': z.looseObject({ thread }),
  'thread/resume': z.looseObject({ thread }),
  'thread/name/set': z.unknown().optional(),
  'thread/turns/list': z.looseObject({ data: z.array(turn) }),
  'thread/compact/start': z.unknown().optional(),
  'turn/start': z.looseObject({ turn }),
  'turn/steer': z.looseObject({ turnId: z.string() }),
  'turn/interrupt': z.unknown().optional(),
  'hooks/list': z.looseObject({
    data: z.array(z.looseObject({ hooks: z.array(z.looseObject({ key: z.string(), eventName: z.string(), enabled: z.boolean(), trustStatus: z.string() })) })),
  }),
} as const
export type Results = { [Name in keyof typeof results]: z.infer<(typeof results)[Name]> }
