import type { LoopGuardSettings } from './loop-guard.ts'
import type { AgentBudget, AttachmentSettings, BudgetSettings, HitlSettings, Limits, MeteringSettings } from './team.ts'

/**
 * What holds where the team's files say nothing. The rates are far above what agents at work do (a tool call takes a
 * model turn), and far below what would keep the daemon from serving others.
 */
export const defaultLimits: Limits = {
  messageBytes: 256 * 1024,
  logBytes: 10 * 1024 * 1024,
  logFiles: 5,
  requestsPerSecond: 100,
  requestsAtOnce: 64,
  waitsAtOnce: 8,
  inboxMessages: 10_000,
}

/** `ofOneLead`: all told, so that a lead that goes in circles comes to an end. */
export const defaultWorkers = { atOnce: 6, ofOneLead: 50 } as const

/** Nothing is held where nothing says so; what is asked for waits as long as in any team. */
export const noHitl: HitlSettings = { globallySensitiveActions: [], autoApproveWindows: [], rules: [], holdMs: 600_000, expiryMs: 900_000, confirm: null }

/** Far above what agents need that work: a question, its answer and what follows are a few hops, and work sets them back. */
export const defaultLoopGuard: LoopGuardSettings = { enabled: true, hops: 8, sendsPerChain: 64, sendsPerMinute: 20 }

/** No ceiling, which is said aloud wherever it matters. The prices are those that come along. */
/** Far more than an agent and its sub-agents have under way. */
export const defaultMetering: MeteringSettings = { apiRoot: null, callsAtOnce: 32 }

export const noBudget: BudgetSettings = {
  dailyUsdLimit: null,
  runUsdLimit: null,
  warnThresholdPct: 80,
  messageTtlMs: 72 * 3_600_000,
  perProjectUsdLimit: {},
  timezone: 'UTC',
  prices: {},
  unknownPrice: 'warn',
}

export const noAgentBudget: AgentBudget = { dailyUsdLimit: null, runUsdLimit: null }

/** Sizes and times as the newest teamctl has them; the total is ours. Roots are the machine's: none without files that say so. */
export const defaultAttachments: AttachmentSettings = {
  enabled: true,
  maxSizeBytes: 5 * 1024 * 1024,
  maxTotalBytes: 1024 ** 3,
  allowedRoots: [],
  scanner: null,
  auditLogPath: null,
  tempfileTtlMs: 6 * 3_600_000,
}
