import { z } from 'zod'

/** A message of the team as it stands in a conversation. */
export interface Mail {
  n: number
  /** `user`, or `project:agent`. */
  from: string
  body: string
}

// As core/envelope.ts writes it. The nonce of the fence is repeated at its end, so a body cannot close it.
const envelope = /\[mail #(\d+) · from ([^\s·,\]]+)[^\n]*\]\n<<<(\S+)\n([\s\S]*?)\n\3>>>/g

/** What inbox_peek, inbox_read and inbox_watch return. */
const inbox = z.object({ messages: z.array(z.object({ id: z.int(), sender: z.string(), text: z.string() })) })

/** Every message in a text: pushed in an envelope, or fetched as JSON. Empty where it holds none. */
export function mailsIn(text: string): Mail[] {
  const pushed = [...text.matchAll(envelope)].map((match) => ({ n: Number(match[1]), from: match[2]!, body: match[4]! }))
  return pushed.length > 0 ? pushed : fetched(text)
}

function fetched(text: string): Mail[] {
  if (!text.trimStart().startsWith('{') || !text.includes('"messages"')) return []
  const parsed = inbox.safeParse(parseJson(text))
  return parsed.success ? parsed.data.messages.map((each) => ({ n: each.id, from: each.sender, body: each.text })) : []
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // not JSON, so not an inbox
  }
}
