import { findAgent, type Address, type Agent, type Team } from './team.ts'

const modes = ['plan', 'confirm', 'manual', 'auto', 'bypass'] as const
const autonomies = ['proposal_only', 'low_risk_only', 'full'] as const

/** What one agent may do in `after` that it may not in `before`, in words. */
export function widenedOf(agent: Agent, before: Team, after: Team): string[] {
  const earlier = findAgent(before, agent.address)
  const more = (now: readonly string[], then: readonly string[] = []): string[] => now.filter((each) => !then.includes(each))
  const up = agent.reportsTo !== null && agent.reportsTo !== earlier?.reportsTo ? [`may escalate to ${agent.reportsTo} (reports_to)`] : []
  return [
    ...more(agent.canDm, earlier?.canDm).map((to) => `may write to ${to} (can_dm)`),
    ...more(agent.canBroadcast, earlier?.canBroadcast).map((channel) => `may broadcast on #${channel} (can_broadcast)`),
    ...more(channelsWith(after, agent.address), channelsWith(before, agent.address)).map((channel) => `becomes a member of #${channel} (channels)`),
    ...up,
    ...(agent.canSpawn && earlier?.canSpawn !== true ? ['may make workers (can_spawn)'] : []),
    ...(earlier === undefined ? loosest(agent) : looser(earlier, agent)),
  ]
}

/** A new agent is compared with none; the loosest mode is said all the same. */
function loosest({ permissionMode }: Agent): string[] {
  return permissionMode === 'bypass' ? ['begins with permission_mode bypass'] : []
}

function looser(before: Agent, after: Agent): string[] {
  const found: string[] = []
  if (before.role === 'worker' && after.role === 'manager') found.push('becomes a manager: it leads the workers and can be given bridges')
  if (modes.indexOf(after.permissionMode) > modes.indexOf(before.permissionMode)) found.push(`permission_mode ${before.permissionMode} → ${after.permissionMode}`)
  if (autonomies.indexOf(after.autonomy) > autonomies.indexOf(before.autonomy)) found.push(`autonomy ${before.autonomy} → ${after.autonomy}`)
  return found
}

/** What all agents may do from now on, by the team's own settings. */
export function teamWidened(before: Team, after: Team): string[] {
  const rule = (each: Team['hitl']['rules'][number]): string => [each.action, each.command?.join(' ') ?? '', each.tool ?? ''].join(' ').trim()
  const kept = new Set(after.hitl.rules.map(rule))
  const scope = ({ action, project, agent, scope: tag }: Window): string => JSON.stringify([action, project, agent, tag])
  const was = new Map(before.hitl.autoApproveWindows.map((each) => [scope(each), each.until]))
  const windows = after.hitl.autoApproveWindows.filter((each) => each.until > (was.get(scope(each)) ?? 0))
  return [
    ...before.hitl.globallySensitiveActions
      .filter((action) => !after.hitl.globallySensitiveActions.includes(action))
      .map((action) => `${action} is not held any more (hitl.globally_sensitive_actions)`),
    ...before.hitl.rules.map(rule).filter((each) => !kept.has(each)).map((each) => `a rule goes: ${each} (hitl.rules)`),
    ...windows.map((each) => `${each.action}${whose(each)} approves itself until ${new Date(each.until).toISOString()} (hitl.auto_approve_windows)`),
    ...after.rateLimits.allowPrivate.filter((host) => !before.rateLimits.allowPrivate.includes(host)).map((host) => `webhooks may call ${host} (rate_limits.allow_private)`),
    ...after.attachments.allowedRoots.filter((folder) => !before.attachments.allowedRoots.includes(folder)).map((folder) => `files may be read from ${folder} (attachments.allowed_roots)`),
    ...(!before.attachments.enabled && after.attachments.enabled ? ['messages may carry files (attachments.enabled)'] : []),
    ...(before.attachments.scanner !== null && after.attachments.scanner === null ? ['files are let in without a look at them (attachments.scanner)'] : []),
    ...(before.hitl.confirm !== null && after.hitl.confirm === null ? [`a yes needs no ${before.hitl.confirm} any more (hitl.confirm)`] : []),
    ...(before.budget.unknownPrice === 'stop' && after.budget.unknownPrice === 'warn' ? ['a call of unknown price stops nobody any more (budget.unknown_price)'] : []),
    ...(before.loopGuard.enabled && !after.loopGuard.enabled ? ['chains of messages are not bounded any more (loop_guard.enabled)'] : []),
  ]
}

type Window = Team['hitl']['autoApproveWindows'][number]

function whose({ project, agent }: Window): string {
  return agent !== null ? ` of ${agent}` : project === null ? '' : ` in ${project}`
}

export function channelsWith(team: Team, address: Address): string[] {
  const project = team.projects.find(({ id }) => id === address.slice(0, address.indexOf(':')))
  return (project?.channels ?? []).filter(({ members }) => members.includes(address)).map(({ name }) => name)
}

