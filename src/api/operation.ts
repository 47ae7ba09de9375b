import type { z } from 'zod'

/** Who may call an operation. `operator` is a person or program on the operator socket or an operator's token. */
export type Audience = 'operator' | 'agent'

/**
 * One entry of the operations table. CLI, page, HTTP and MCP tools are faces of it.
 * `tool` marks it as an MCP tool of that name for agents.
 */
export interface Operation<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  about: string
  who: readonly Audience[]
  input: I
  output: O
  tool?: {
    readOnly: boolean
    /** Offered to these only: `lead`, managers that may make workers; `worker`, whoever has a task. Absent: to everyone. */
    for?: 'lead' | 'worker'
    /** The result as text; JSON where absent. */
    text?: (output: never) => string
    /** The result is these, and nothing beside them: some clients show a structured result instead of an image. */
    content?: (output: never) => ToolContent[]
  }
}

/** What a model gets; `data` in base64. */
export type ToolContent = { type: 'text'; text: string } | { type: 'image'; mimeType: string; data: string }

export function operation<I extends z.ZodType, O extends z.ZodType>(entry: Operation<I, O>): Operation<I, O> {
  return entry
}
