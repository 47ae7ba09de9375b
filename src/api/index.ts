import type { z } from 'zod'
import { approvals } from './approval.ts'
import { attachments } from './attachment.ts'
import { audit } from './audit.ts'
import { budgets } from './budget.ts'
import { bridges } from './bridge.ts'
import { change } from './change.ts'
import { daemon } from './daemon.ts'
import { explain } from './explain.ts'
import { housekeeping } from './housekeeping.ts'
import { mail } from './mail.ts'
import { people } from './people.ts'
import { policy } from './policy.ts'
import { self } from './self.ts'
import { tasks } from './task.ts'
import { team } from './team.ts'
import { worktrees } from './worktree.ts'

export type { AuditLine } from './audit.ts'
export type { BudgetRow, UsageRow } from './budget.ts'
export type { TaskRow, WorkerRow } from './task.ts'
export type { AgentRow } from './team.ts'
export { oldestProtocol, programVersion, protocolVersion, type StreamItem } from './wire.ts'

export const operations = { ...team, ...change, ...mail, ...attachments, ...explain, ...approvals, ...budgets, ...bridges, ...people, ...policy, ...self, ...audit, ...housekeeping, ...tasks, ...worktrees, ...daemon } as const

export type Operations = typeof operations
export type OperationName = keyof Operations
export type Input<K extends OperationName> = z.input<Operations[K]['input']>
export type Parsed<K extends OperationName> = z.output<Operations[K]['input']>
export type Output<K extends OperationName> = z.output<Operations[K]['output']>

export function isOperation(name: string): name is OperationName {
  return Object.hasOwn(operations, name)
}
