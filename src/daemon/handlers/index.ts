import type { Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'
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
import { tools } from './tools.ts'
import { workers } from './workers.ts'
import { worktrees } from './worktree.ts'

/** Every operation's handler; the type says that none is missing. */
export function handlers(parts: Parts): Handlers {
  return { ...team(parts), ...change(parts), ...mail(parts), ...tools(parts), ...attachments(parts), ...explain(parts), ...approvals(parts), ...budgets(parts), ...bridges(parts), ...people(parts), ...policy(parts), ...self(parts), ...audit(parts), ...housekeeping(parts), ...tasks(parts), ...workers(parts), ...worktrees(parts), ...daemon(parts) }
}
