import { findAgent } from '../core/team.ts'
import { homesFor } from '../runtimes/index.ts'
import type { Attachments } from './attachments.ts'
import type { Ground } from './ground.ts'
import { Janitor, type JanitorParts } from './janitor.ts'

/** Who takes away what is over, put together. */
export function housekeeping(ground: Ground, attachments: Attachments, worktrees: JanitorParts['worktrees']): Janitor {
  const { agents, root, teamNow, hostNow } = ground
  return new Janitor({
    ...ground,
    attachments,
    worktrees,
    team: teamNow,
    homes: async () => await homesFor(hostNow(), root),
    // One that left is known until it has ended and is forgotten.
    isKnown: (address) => findAgent(teamNow(), address) !== undefined || agents.all().some((state) => state.address === address),
  })
}
