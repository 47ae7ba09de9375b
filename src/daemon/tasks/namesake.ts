import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { agentsOf, type Team } from '../../core/team.ts'
import type { Paths } from '../../config/paths.ts'
import type { Store } from '../../store/store.ts'
import type { Agents } from '../agents.ts'

export interface NamesakeParts {
  store: Store
  agents: Agents
  paths: Paths
}

/** Messages closed in one transaction. */
const batch = 100

/**
 * What an earlier worker of the same name left behind: its mail, its conversation and its notes are not those of the one that
 * is about to be made for another task. Before that one stands in the files; may be done twice. `resumes`: the new one goes on
 * with a conversation, which may be the earlier one's.
 */
export async function forgetNamesake({ store, agents, paths }: NamesakeParts, address: string, { team, resumes }: { team: Team; resumes: boolean }): Promise<void> {
  if (agents.get(address).incarnation !== null) return
  // The reconciler may have been first.
  await agents.remove(address, () => agents.all().some((state) => state.address === address && state.incarnation === null))
  while (await closeMail(store, address));
  const [project = '', id = ''] = address.split(':')
  const folder = paths.agentFolder(project, id)
  if (agentsOf(team).every((agent) => basename(paths.agentFolder(agent.project, agent.id)) !== basename(folder))) await rm(resumes ? join(folder, 'context.md') : folder, { recursive: true, force: true })
}

/** False where nothing was left to close. */
async function closeMail(store: Store, address: string): Promise<boolean> {
  return await store.write(async (tx) => {
    const open = await tx.deliveries.open(address, batch)
    const reason = 'it was for an earlier worker of that name'
    for (const { message } of open) {
      if (!(await tx.deliveries.update(message.id, address, ['queued', 'delivered'], { state: 'dead', reason }))) continue
      await tx.journal({ type: 'delivery.dead', subject: message.id, agent: address, data: { n: message.n, to: address, reason } })
    }
    return open.length === batch
  })
}
