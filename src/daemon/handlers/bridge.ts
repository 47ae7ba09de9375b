import { resolveAgent } from '../../core/address.ts'
import { bridgeLogMs, bridgeState, type Bridge } from '../../core/bridge.ts'
import type { Output } from '../../api/index.ts'
import type { Handlers } from '../daemon.ts'
import type { Parts } from '../parts.ts'

type Names = 'bridge.open' | 'bridge.close' | 'bridge.list' | 'bridge.log'

/** Opening and closing is for operators: no agent widens its own reach. */
export function bridges({ bridges: all, store, team }: Parts): Pick<Handlers, Names> {
  return {
    'bridge.open': async ({ from, to, topic, oneWay, ttlMinutes }) => {
      const [a, b] = [resolveAgent(team(), from), resolveAgent(team(), to)]
      return shown(await all.open(a, b, { topic, oneWay, ttlMs: Math.round(ttlMinutes * 60_000), by: 'user' }))
    },
    'bridge.close': async ({ id }) => shown(await all.close(id, 'user')),
    'bridge.list': async ({ limit }) => (await store.read((db) => db.bridges.list(limit))).map(shown),
    'bridge.log': async ({ id }) => {
      const { bridge, messages } = await all.log(id)
      return { bridge: shown(bridge), messages: messages.map(({ id: message, n, from, to, text, sentAt }) => ({ id: message, n, from, to, text, sentAt })) }
    },
  }
}

function shown(bridge: Bridge): Output<'bridge.open'> {
  const { id, n, a, b, topic, oneWay, openedAt, expiresAt, closedAt, closedBy } = bridge
  return { id, n, from: a, to: b, topic, oneWay, state: bridgeState(bridge), openedAt, expiresAt, closedAt, closedBy, logUntil: closedAt === null ? null : closedAt + bridgeLogMs }
}
