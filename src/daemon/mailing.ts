import { defaultLimits } from '../core/limits.ts'
import type { JournalEvent } from '../core/event.ts'
import { Attachments } from './attachments.ts'
import { stands } from '../core/bridge.ts'
import { Bridges } from './bridges.ts'
import { Chains } from './chains.ts'
import { Deliverer } from './deliverer.ts'
import { Fetching } from './fetching.ts'
import type { Ground } from './ground.ts'
import { Mailroom } from './mailroom.ts'
import { Offers } from './offers.ts'
import { picturesOf } from './pictures.ts'
import { settingName } from './read-team.ts'
import { Sessions } from './sessions.ts'
import { Signals, type SignalParts } from './signals.ts'
import { Throttle } from './throttle.ts'
import { Following } from './tasks/following.ts'
import { Tasks } from './tasks/tasks.ts'
import { ToolLines } from './tool-lines.ts'

/** Parts that listen to agents and are made after those that carry mail. */
export type Listeners = Pick<SignalParts, 'spend' | 'counted' | 'holding' | 'breaking' | 'limits'>

export interface Mailing {
  chains: Chains
  signals: Signals
  sessions: Sessions
  deliverer: Deliverer
  fetching: Fetching
  throttle: Throttle
  bridges: Bridges
  attachments: Attachments
  mailroom: Mailroom
  tools: ToolLines
  tasks: Tasks
  following: Following
  /** Mail of troupe's own; the key makes a repetition the same message. */
  tell(to: string, text: string, key: string): Promise<void>
}

/** What carries messages between agents, and what agents say about themselves. */
export async function mailing(ground: Ground, listeners: Listeners): Promise<Mailing> {
  const { store, clock, agents, desired, root, team, values } = ground
  const chains = new Chains(ground)
  const signals = new Signals({ ...ground, ...listeners, deliverer: () => deliverer, chains: () => chains, said: (...words) => following.said(...words) })
  // An adopted agent may be idle already: no change of its phase would wake its mail.
  const sessions: Sessions = new Sessions((...said) => signals.take(...said), (address) => deliverer.wake(address))
  const offers = new Offers(clock)
  const deliverer: Deliverer = new Deliverer({ ...ground, sessions, offers, picturesOf: (...of) => picturesOf({ ...ground, attachments }, ...of) })
  const fetching = new Fetching(store, clock, deliverer, offers, (address) => agents.get(address).phase.name === 'stopping' || listeners.holding().isHeld(address))
  const throttle = new Throttle({ ...ground, limits: () => (desired.known ? team().limits : defaultLimits) })
  const bridges = new Bridges({ ...ground, stands: (bridge) => !desired.known || stands(team(), bridge) })
  await bridges.load()
  const attachments = new Attachments({ ...ground, settingName: (path) => settingName(root, path), environment: values })
  const mailroom = new Mailroom({ ...ground, chains, attachments, bridges: () => bridges.now() })
  const tools = new ToolLines(clock)
  agents.subscribe((after, before) => {
    if (before.incarnation !== null && after.incarnation !== before.incarnation) tools.forget(before.incarnation)
    if (before.phase.name === 'parked' && after.phase.name !== 'parked') fetching.arrived(after.address)
  })
  store.subscribe((events) => {
    for (const recipient of recipientsOf(events)) {
      fetching.arrived(recipient)
      deliverer.wake(recipient)
    }
  })
  const tell = async (to: string, text: string, key: string): Promise<void> => {
    await mailroom.post({ from: 'troupe', to, text, threadId: null, priority: 'normal', key })
  }
  const tasks = new Tasks(store, clock)
  const following: Following = new Following({ ...ground, tasks, mailroom, team: ground.teamNow, tell })
  return { tasks, following, chains, signals, sessions, deliverer, fetching, throttle, bridges, attachments, mailroom, tools, tell }
}

function recipientsOf(events: readonly JournalEvent[]): string[] {
  return events.flatMap(({ type, data }) => (type === 'message.sent' && Array.isArray(data['recipients']) ? (data['recipients'] as string[]) : []))
}
