import type { Output } from '../../api/index.ts'
import { TroupeError } from '../../core/error.ts'
import { findAgent, type Agent } from '../../core/team.ts'
import type { Caller, Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'
import { time } from '../people/cards.ts'
import { reasonOf } from '../people/line.ts'
import type { GatewayRow } from '../people/people.ts'
import { positionKey } from '../people/receiver.ts'

type Names = 'reply_to_user' | 'react_to_user' | 'gateway.list' | 'gateway.check'
type Row = Output<'gateway.list'>[number]

/** A platform that does not answer is not waited for longer. ms */
const patience = 20_000

export function people(parts: Parts): Pick<Handlers, Names> {
  async function row({ settings, state, refused, chats, queued }: GatewayRow): Promise<Row> {
    const identity = state.name === 'on' || state.name === 'failing' ? state.identity : null
    const position = identity === null ? undefined : await parts.store.read((db) => db.settings.get(positionKey(settings.type, identity)))
    return {
      ...{ gateway: settings.id, type: settings.type, manager: settings.manager, state: state.name, name: identity?.name ?? null },
      ...('why' in state ? { why: state.why, hint: state.hint } : ofRefusal(refused)),
      ...{ chats, queued, position: typeof position === 'number' ? position : null },
    }
  }

  return {
    reply_to_user: async (input, { caller }) => await parts.replies.reply(self(parts, caller), input),
    react_to_user: async (input, { caller }) => await parts.replies.react(self(parts, caller), input),
    'gateway.list': async () => await Promise.all((await parts.people.rows()).map(row)),
    'gateway.check': async (_input, { signal }) =>
      await Promise.all(
        (await parts.people.rows()).map(async (each) => {
          const shown = await row(each)
          try {
            const { name, warnings } = await parts.people.opened(each.settings.id).gateway.identify(AbortSignal.any([signal, AbortSignal.timeout(patience)]))
            return { ...shown, name, ok: each.state.name !== 'failing' && each.refused === null, warnings }
          } catch (error) {
            const { why, hint } = reasonOf(error)
            return { ...shown, ok: false, why, hint, warnings: [] }
          }
        }),
      ),
  }
}

/** That it is heard does not mean that people are reached. */
function ofRefusal(refused: GatewayRow['refused']): Pick<Row, 'why' | 'hint'> {
  if (refused === null) return { why: null, hint: null }
  return { why: `what was last to go out never did (${time(refused.at)}): ${refused.why}`, hint: 'troupe audit log --type outbox.failed' }
}

function self(parts: Parts, caller: Caller): Agent {
  const agent = caller.kind === 'agent' ? findAgent(parts.team(), caller.address) : undefined
  if (agent === undefined) throw new TroupeError('denied', 'only an agent of the team writes to its people', { hint: 'operators use send' })
  return agent
}
