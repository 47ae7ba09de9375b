import type { Migration } from 'kysely/migration'
import * as first from './0001-first.ts'
import * as openMail from './0002-open-mail.ts'
import * as bridges from './0003-bridges.ts'
import * as taint from './0004-taint.ts'
import * as approvals from './0005-approvals.ts'
import * as costs from './0006-costs.ts'
import * as limitHits from './0007-limit-hits.ts'
import * as people from './0008-people.ts'
import * as attachments from './0010-attachments.ts'
import * as approvalTaint from './0012-approval-taint.ts'
import * as tasks from './0013-tasks.ts'
import * as worktrees from './0014-worktrees.ts'
import * as duty from './0016-duty.ts'

/** Every step of the schema, by number. A released step is never changed: the next one follows it. */
export const migrations: Record<string, Migration> = {
  '0001-first': first,
  '0002-open-mail': openMail,
  '0003-bridges': bridges,
  '0004-taint': taint,
  '0005-approvals': approvals,
  '0006-costs': costs,
  '0007-limit-hits': limitHits,
  '0008-people': people,
  '0010-attachments': attachments,
  '0012-approval-taint': approvalTaint,
  '0013-tasks': tasks,
  '0014-worktrees': worktrees,
  '0016-duty': duty,
}
