import { channelAddress } from './address.ts'
import { bridgeBetween, type Bridge } from './bridge.ts'
import { agentRule, fixedRule, type Rule } from './rule.ts'
import type { Agent, Channel, Team } from './team.ts'
import { findAgent } from './team.ts'
import type { Sender, Trust } from './message.ts'

/** Who may say what to whom. Pure; a refusal is a value with its reason and what would allow it. */
export type Permission = { ok: true; recipients: string[]; /** What permits it across projects. */ bridge?: Bridge } | { ok: false; why: string; hint: string; rule: Rule | null }

/** The person at the keyboard, and troupe itself, are not bound by the team's graph. */
export function isPerson(sender: Sender): boolean {
  return sender === 'user' || sender === 'troupe'
}

/** `bridges`: those that are open now. */
export function canDm(team: Team, from: Sender, to: Agent, bridges: readonly Bridge[] = []): Permission {
  if (isPerson(from)) return { ok: true, recipients: [to.address] }
  const sender = findAgent(team, from)
  if (sender === undefined) return { ok: false, why: `${from} is not in the team`, hint: 'it was removed from the team’s files', rule: null }
  if (sender.address === to.address) {
    return { ok: false, why: 'a message to yourself would only come back to you', hint: 'write it to context.md instead', rule: null }
  }
  if (sender.project !== to.project) {
    const bridge = bridgeBetween(team, from, to, bridges)
    return bridge === undefined ? isolated(sender, to, bridges) : { ok: true, recipients: [to.address], bridge }
  }
  // Whoever made a worker may write to it.
  if (to.spawned && to.reportsTo === sender.address) return { ok: true, recipients: [to.address] }
  if (sender.canDm.includes(to.address)) return { ok: true, recipients: [to.address] }
  return { ok: false, why: `${from} may not write to ${to.address}`, hint: allowed('can_dm', sender, sender.canDm), rule: agentRule(sender, 'can_dm') }
}

/** Up the chain: `reports_to` is itself the permission. */
export function canEscalate(team: Team, from: Sender): Permission {
  const sender = findAgent(team, from)
  if (sender === undefined) return { ok: false, why: `${from} is not an agent of the team`, hint: 'only agents escalate, to whom they report', rule: null }
  const { reportsTo } = sender
  const hint = `reports_to of ${from} in its project file decides`
  if (reportsTo === null) return { ok: false, why: `${from} reports to nobody, so there is nobody to escalate to`, hint, rule: agentRule(sender, 'reports_to') }
  if (findAgent(team, reportsTo) === undefined) return { ok: false, why: `${from} reports to ${reportsTo}, which is not in the team`, hint, rule: agentRule(sender, 'reports_to') }
  return { ok: true, recipients: [reportsTo] }
}

export function canBroadcast(team: Team, from: Sender, channel: Channel): Permission {
  const others = channel.members.filter((member) => member !== from)
  if (isPerson(from)) return { ok: true, recipients: others }
  const name = `#${channel.name}`
  const sender = findAgent(team, from)
  if (sender === undefined || sender.project !== channel.project) {
    return { ok: false, why: `${from} may not broadcast on ${channelAddress(channel)}: projects are isolated`, hint: 'use a channel of your own project', rule: isolation('nobody: channels stay in their project') }
  }
  if (!channel.members.includes(from)) {
    return { ok: false, why: `${from} is not a member of ${name}`, hint: `members are declared in the project file: ${channel.members.join(', ')}`, rule: { ...agentRule(sender, 'channels'), path: ['channels'] } }
  }
  if (sender.canBroadcast.includes(channel.name)) return { ok: true, recipients: others }
  return { ok: false, why: `${from} may not broadcast on ${name}`, hint: allowed('can_broadcast', sender, sender.canBroadcast), rule: agentRule(sender, 'can_broadcast') }
}

/** How much a message of this sender counts with this recipient. */
export function trustOf(team: Team, from: Sender, to: Agent): Trust {
  if (isPerson(from)) return 'operator'
  const sender = findAgent(team, from)
  if (sender === undefined) return 'external'
  if (sender.project !== to.project) return 'bridged'
  const leads = sender.role === 'manager' && (to.reportsTo === sender.address || to.role === 'worker')
  return leads ? 'lead' : 'peer'
}

function isolated(sender: Agent, to: Agent, bridges: readonly Bridge[]): Permission {
  const oneWay = bridges.find((bridge) => bridge.oneWay && bridge.a === to.address && bridge.b === sender.address)
  const managers = sender.role === 'manager' && to.role === 'manager'
  const how = managers ? `an operator can open a bridge: troupe bridge open --from ${sender.address} --to ${to.address} --topic "…"` : 'ask your manager; only an open bridge between two managers crosses projects'
  const why = oneWay === undefined ? 'projects are isolated' : `bridge ${oneWay.n} leads only the other way`
  const rule = isolation(managers ? 'an operator, by opening a bridge between the two' : 'nobody between these two: an operator can open a bridge between managers')
  return { ok: false, why: `${sender.address} may not write to ${to.address}: ${why}`, hint: how, rule }
}

function isolation(allowedBy: string): Rule {
  return fixedRule('projects are isolated', allowedBy)
}

function allowed(key: string, agent: Agent, list: readonly string[]): string {
  const listed = list.length === 0 ? 'it lists nobody' : `it lists ${list.join(', ')}`
  return `${key} of ${agent.address} decides: ${listed}`
}
