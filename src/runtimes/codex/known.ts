import { join, relative } from 'node:path'
import type { Conversation, Whose } from '../../core/runtime.ts'
import { besides, bring } from '../bring.ts'
import { findRollout, homeAt, homeOf, personsHome } from './home.ts'
import { startedIn } from './rollout.ts'

/** In the agent's own home, in those of other agents, and in the person's. */
export async function findConversation(session: string, { host, root, address, rehearsal }: Whose): Promise<Conversation | null> {
  const own = homeOf(host.home, { root, address, rehearsal })
  const homes = [...(await besides(own.folder)), ...(rehearsal ? [] : [personsHome(host.home, host.env)])].map(homeAt)
  for (const { sessions } of homes) {
    const file = await findRollout({ sessions }, session)
    const cwd = file === null ? null : await startedIn(file)
    if (file !== null && cwd !== null) return { cwd, bring: () => bring(file, join(own.sessions, relative(sessions, file))) }
  }
  return null
}
