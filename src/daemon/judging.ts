import { agentsOf } from '../core/team.ts'
import { Approvals } from './approvals.ts'
import { Confirmation } from './confirmation.ts'
import { ForeignChanges, guardedFiles } from './foreign-changes.ts'
import { Gatekeeper } from './gatekeeper.ts'
import type { Ground } from './ground.ts'
import { Hooks } from './hooks.ts'
import type { LaunchingParts } from './launching.ts'
import type { Mailing } from './mailing.ts'
import type { Metering } from './metering.ts'
import { rulePlaces, teamSources } from './read-team.ts'
import { Refusals } from './refusals.ts'
import { standingPrompts } from './standing-prompts.ts'

export interface Judging {
  approvals: Approvals
  confirmation: Confirmation
  foreign: ForeignChanges
  refusals: Refusals
  hooks: Hooks
  /** For a CLI that asks leave over its protocol. */
  judge: LaunchingParts['judge']
}

/** What says yes and no to agents, and keeps an eye on the files that it judges by. */
export function judging(ground: Ground, mail: Mailing, { holding, breaking }: Metering): Judging {
  const { store, clock, agents, desired, team, root, paths, report } = ground
  const { sessions, signals } = mail
  const approvals = new Approvals({ ...ground, answer: standingPrompts(agents, sessions, clock), mail: mail.tell })
  const confirmation = new Confirmation({ store, clock, mode: () => team().hitl.confirm })
  const folderOf = ({ project, id }: { project: string; id: string }): string => paths.agentFolder(project, id)
  const foreign = new ForeignChanges({
    ...ground,
    files: async () => await guardedFiles({ ...ground, sources: teamSources(root), agents: desired.known ? agentsOf(team()) : [], host: ground.hostNow(), folderOf }),
  })
  // What stands there when an agent is up, or the team was applied, is what it runs with.
  store.subscribe((events) => {
    const applied = events.some(({ type }) => type === 'team.applied')
    if (!applied && !events.some(({ type }) => type === 'agent.launched')) return
    const looked = applied ? foreign.applied() : foreign.renew()
    looked.catch((error: unknown) => report('looking at the files that decide', error))
  })
  const refusals = new Refusals({ ...ground, places: () => rulePlaces(root) })
  const gatekeeper = new Gatekeeper({
    ...ground,
    approvals,
    chains: mail.chains,
    whyHeld: (address) => holding.whyHeld(address),
    noSubagent: (...of) => breaking.refusal(...of),
    rule: (rule) => refusals.text(rule),
    held: (...said) => signals.held(...said),
  })
  const judge: Judging['judge'] = (who, gate, signal) => gatekeeper.verdict({ kind: 'agent', ...who }, gate, signal)
  return { approvals, confirmation, foreign, refusals, judge, hooks: new Hooks({ sessions, gatekeeper, fetching: mail.fetching, clock }) }
}
