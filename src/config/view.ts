import type { OwnPrices } from '../core/prices.ts'
import type { Agent, Project, Team, BotSettings } from '../core/team.ts'

/** A resolved team in the words, units and shape of its YAML files, each project inlined. */
export function teamView(team: Team): Record<string, unknown> {
  const { supervisor, limits, loopGuard, breakers, budget, hitl, rateLimits, attachments } = team
  return {
    name: team.name,
    broker: team.broker.type === 'postgres' ? { type: 'postgres', url_env: team.broker.urlEnv } : team.broker,
    supervisor: {
      type: supervisor.type,
      tmux_prefix: supervisor.tmuxPrefix,
      drain_timeout_secs: supervisor.drainTimeoutMs / 1000,
      tmux_server: supervisor.tmuxServer,
    },
    limits: {
      message_bytes: limits.messageBytes,
      log_bytes: limits.logBytes,
      log_files: limits.logFiles,
      requests_per_second: limits.requestsPerSecond,
      requests_at_once: limits.requestsAtOnce,
      waits_at_once: limits.waitsAtOnce,
      inbox_messages: limits.inboxMessages,
    },
    max_workers: team.maxWorkers,
    worker_mode: team.workerMode,
    max_spawns: team.maxSpawns,
    loop_guard: {
      enabled: loopGuard.enabled,
      hops: loopGuard.hops,
      sends_per_chain: loopGuard.sendsPerChain,
      sends_per_minute: loopGuard.sendsPerMinute,
    },
    breakers: {
      enabled: breakers.enabled,
      calls_per_minute: breakers.callsPerMinute,
      calls_without_work: breakers.callsWithoutWork,
      subagents_at_once: breakers.subagentsAtOnce,
      subagents_per_run: breakers.subagentsPerRun,
      nested_subagents: breakers.nestedSubagents,
    },
    budget: {
      daily_usd_limit: budget.dailyUsdLimit,
      run_usd_limit: budget.runUsdLimit,
      warn_threshold_pct: budget.warnThresholdPct,
      message_ttl_hours: budget.messageTtlMs / 3_600_000,
      per_project_usd_limit: budget.perProjectUsdLimit,
      timezone: budget.timezone,
      prices: pricesView(budget.prices),
      unknown_price: budget.unknownPrice,
    },
    hitl: {
      globally_sensitive_actions: hitl.globallySensitiveActions,
      auto_approve_windows: hitl.autoApproveWindows.map((window) => ({ ...window, until: new Date(window.until).toISOString() })),
      rules: hitl.rules.map(({ action, command, tool }) => said({ action, command: command?.join(' ') ?? null, tool })),
      hold: hitl.holdMs / 1000,
      expiry: hitl.expiryMs / 1000,
      confirm: hitl.confirm,
    },
    rate_limits: {
      default_on_hit: rateLimits.defaultOnHit,
      fallback_wait_seconds: rateLimits.fallbackWaitMs / 1000,
      fail_over_after_seconds: rateLimits.failOverAfterMs / 1000,
      allow_private: rateLimits.allowPrivate,
      hooks: rateLimits.hooks.map(({ urlEnv, ...hook }) => said({ ...hook, url_env: urlEnv })),
    },
    metering: { api_root: team.metering.apiRoot, calls_at_once: team.metering.callsAtOnce },
    interfaces: team.interfaces,
    attachments: {
      enabled: attachments.enabled,
      max_size_bytes: attachments.maxSizeBytes,
      max_total_bytes: attachments.maxTotalBytes,
      allowed_roots: attachments.allowedRoots,
      scanner:
        attachments.scanner === null
          ? null
          : { command: attachments.scanner.command, timeout_seconds: attachments.scanner.timeoutMs / 1000 },
      audit_log_path: attachments.auditLogPath,
      tempfile_ttl_seconds: attachments.tempfileTtlMs / 1000,
    },
    rehearsal: team.rehearsal,
    projects: team.projects.map(projectView),
  }
}

function projectView(project: Project): Record<string, unknown> {
  const byRole = (role: Agent['role']) =>
    Object.fromEntries(project.agents.filter((agent) => agent.role === role).map((agent) => [agent.id, agentView(agent)]))
  return {
    project: { id: project.id, name: project.name, cwd: project.cwd },
    channels: project.channels.map(({ name, members }) => ({ name, members: members.map(shortName) })),
    managers: byRole('manager'),
    workers: byRole('worker'),
    interfaces: project.interfaces,
  }
}

function agentView(agent: Agent): Record<string, unknown> {
  const { telegram } = agent.interfaces
  return {
    runtime: agent.runtime,
    mode: agent.mode,
    task: agent.task,
    model: agent.model,
    fallback: agent.fallback.map(({ runtime, model }) => (model === null ? runtime : { runtime, model })),
    effort: agent.effort,
    role_prompt: agent.rolePrompt,
    display_name: agent.displayName,
    permission_mode: agent.permissionMode,
    autonomy: agent.autonomy,
    can_dm: agent.canDm.map(shortName),
    can_broadcast: agent.canBroadcast,
    reports_to: agent.reportsTo === null ? null : shortName(agent.reportsTo),
    on_rate_limit: agent.onRateLimit,
    metering: agent.metering ?? 'records',
    restart: agent.restart,
    budget: { daily_usd_limit: agent.budget.dailyUsdLimit, run_usd_limit: agent.budget.runUsdLimit },
    cwd: agent.worktree?.from ?? agent.cwd,
    worktree: agent.worktree !== null,
    args: agent.args,
    env: agent.env,
    protected: agent.protected,
    can_spawn: agent.canSpawn,
    spawned: agent.spawned,
    interfaces: telegram === null ? {} : { telegram: telegramView(telegram) },
    hooks: agent.hooks.map(said),
    mcps: agent.mcps,
    skills: agent.skills,
    subagents: agent.subagents,
    ultracode: agent.ultracode,
  }
}

function pricesView(prices: OwnPrices): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(prices).map(([model, { input, output, cacheRead, cacheWrite, cacheWriteLong }]) => [
      model,
      { input, output, cache_read: cacheRead, cache_write: cacheWrite, cache_write_1h: cacheWriteLong },
    ]),
  )
}

function telegramView({ botTokenEnv, chatIdsEnv, userIdsEnv, apiRoot, quietHours, journalHead }: BotSettings): Record<string, unknown> {
  const time = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
  const quiet = quietHours === null ? null : { ...quietHours, from: time(quietHours.from), to: time(quietHours.to) }
  const head = journalHead === null ? null : said({ every_hours: journalHead.everyMs / 3_600_000, lines: journalHead.lines })
  return said({ bot_token_env: botTokenEnv, chat_ids_env: chatIdsEnv, user_ids_env: userIdsEnv, api_root: apiRoot, quiet_hours: quiet, journal_head: head })
}

function shortName(address: string): string {
  return address.slice(address.indexOf(':') + 1)
}

/** Leaves the keys out that say nothing. */
function said(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null))
}
