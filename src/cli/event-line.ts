import type { Colors } from './output.ts'
import { around, noticesOf, sentences, upPhases, type EventRow } from './sentences.ts'
import { clockTime, escapeLine, pad } from './text.ts'

export type { EventRow } from './sentences.ts'

const agentColumn = 16

/** Makes one readable line of each event: time, whom it is about, what happened. */
export function createEventLines(color: Colors): (event: EventRow, now: number) => string {
  return (event, now) => {
    const about = pad(escapeLine(event.agent ?? (text(event, 'from') || event.subject)), agentColumn)
    const number = text(event, 'n')
    const message = number === '' ? `message …${event.subject.slice(-6)}` : `#${number}`
    const words = escapeLine(sentence(event, message))
    return `${color.dim(clockTime(event.at, now))}  ${color.bold(about)}  ${paint(color, event)(words)}`.trimEnd()
  }
}

function sentence(event: EventRow, message: string): string {
  const fact = (name: string): string => text(event, name)
  const told = Object.hasOwn(sentences, event.type) ? sentences[event.type] : undefined
  if (told !== undefined) return told(fact, event, message)
  return [event.type, ...Object.keys(event.data).map((key) => around(`${key}=`, fact(key)))].filter((part) => part !== '').join(' ')
}

/** Worth a line while a team comes up or changes: what is done and why, ready, fallen over, or something to read. Reasons that last are told at the end. */
export function isProgress(event: EventRow): boolean {
  if (event.type === 'agent.changed' || event.type === 'team.changed') return true
  if (event.type === 'agent.launched') return noticesOf(event).length > 0
  if (event.type !== 'agent.phase') return false
  const to = text(event, 'to')
  return to === 'backoff' || (text(event, 'from') === 'starting' && upPhases.has(to))
}

function paint(color: Colors, event: EventRow): (text: string) => string {
  if (['operator.refused', 'file.changed', 'store.foreign_write', 'call.denied', 'call.refused', 'attachment.refused', 'attachment.not-shown', 'agent.ended', 'agent.launch-failed', 'delivery.dead', 'message.throttled', 'limit.hook-failed', 'outbox.failed', 'gateway.failing', 'chat.refused', 'chat.lost', 'confirm.wrong-passphrase', 'budget.stopped', 'breaker.tripped'].includes(event.type)) return color.red
  if (['approval.requested', 'agent.changed', 'team.changed'].includes(event.type)) return color.yellow
  if (event.type === 'message.sent') return color.cyan
  if (event.type === 'agent.phase' && ['quarantined', 'blocked'].includes(text(event, 'to'))) return color.red
  return (line) => line
}

/** A fact as text; empty where there is none. */
export function text(event: EventRow, name: string): string {
  const value = event.data[name]
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Reads a stream item's data; null for what is not a line of the journal. */
export function eventOf(data: unknown): EventRow | null {
  if (typeof data !== 'object' || data === null) return null
  const { at, type, subject, agent, data: facts } = data as Partial<Record<keyof EventRow, unknown>>
  if (typeof at !== 'number' || typeof type !== 'string' || typeof subject !== 'string') return null
  return {
    at,
    type,
    subject,
    agent: typeof agent === 'string' ? agent : null,
    data: typeof facts === 'object' && facts !== null ? (facts as Record<string, unknown>) : {},
  }
}
