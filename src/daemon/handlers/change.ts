import { TroupeError } from '../../core/error.ts'
import type { Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'
import { agentRows } from './team.ts'

/** The team's files have changed, or are applied for the first time. */
export function change(parts: Parts): Pick<Handlers, 'up' | 'plan' | 'reload' | 'ready'> {
  const { changing } = parts
  return {
    up: async (input, { signal }) => {
      await parts.reconciler.looked()
      const wish = { names: input.agents, env: input.env, rehearsal: input.rehearsal }
      const changed = await changing.up(wish, { drainMs: null, timeoutMs: input.timeoutMs }, signal)
      return { ...changed, agents: await agentRows(parts, changed.agents) }
    },
    plan: async (input) => await changing.plan(input.agents, input.env),
    reload: async (input, { signal }) => {
      const changed = await changing.reload(input.agents, input.env, input, signal)
      return { ...changed, agents: await agentRows(parts, changed.agents) }
    },
    ready: async (_input, { caller }) => {
      if (caller.kind !== 'agent') throw new TroupeError('denied', 'only an agent says that it is ready', { hint: 'troupe stop' })
      return await Promise.resolve({ stopping: parts.drain.ready(caller.incarnation) })
    },
  }
}
