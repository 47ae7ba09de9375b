import type { ModelFormat } from '../core/runtime.ts'
import { anthropic } from './anthropic.ts'
import { gemini } from './gemini.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiResponses } from './openai-responses.ts'
import type { Wire } from './wire.ts'

/** Every format that the proxy speaks, in the order in which a request is looked at. */
export const wires: Readonly<Record<ModelFormat, Wire>> = { messages: anthropic, generate: gemini, chat: openaiChat, responses: openaiResponses }

const all = Object.keys(wires) as ModelFormat[]

/** Whose request this is, among the formats that may be, and what it asks for. null: of none. */
export function findWire(method: string, path: string, formats: readonly ModelFormat[] = all): { wire: Wire; asked: 'answer' | 'count' | 'models' } | null {
  for (const format of formats) {
    const asked = wires[format].route(method, path)
    if (asked !== null) return { wire: wires[format], asked }
  }
  return null
}
