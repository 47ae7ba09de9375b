import type { z } from 'zod'
import { daemon } from './daemon.ts'
import { mail } from './mail.ts'
import { team } from './team.ts'

/** Raised when a change would make an older client or daemon misread the other. */
export const protocolVersion = 1

export const operations = { ...team, ...mail, ...daemon } as const

export type Operations = typeof operations
export type OperationName = keyof Operations
export type Input<K extends OperationName> = z.input<Operations[K]['input']>
export type Parsed<K extends OperationName> = z.output<Operations[K]['input']>
export type Output<K extends OperationName> = z.output<Operations[K]['output']>

export function isOperation(name: string): name is OperationName {
  return Object.hasOwn(operations, name)
}

/** What `GET /api/v1/events` and the `events` request on the socket send. `id` is the cursor after it, as text. */
export interface StreamItem {
  id: string
  event: 'journal' | 'reset'
  data: unknown
}
