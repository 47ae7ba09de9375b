import { defaultBreakers } from '../../src/core/breakers.ts'
import { defaultLimits, defaultLoopGuard, defaultMetering, noAgentBudget, noBudget, noHitl } from '../../src/core/limits.ts'
import type { Agent, Team } from '../../src/core/team.ts'

/** The agent that the suites of runtimes start, and its team. */
export function agentOf(cwd: string): Agent {
  return {
    ...{ address: 'office:alice', id: 'alice', project: 'office', role: 'worker', displayName: null, runtime: '', descriptor: null, mode: 'terminal', task: null, worktree: null },
    ...{ model: null, fallback: [], effort: null, rolePrompt: [], permissionMode: 'manual', autonomy: 'low_risk_only', canDm: [], canBroadcast: [] },
    ...{ reportsTo: null, restart: 'never', onRateLimit: null, metering: null, cwd, args: [], env: [], hooks: [], mcps: {}, skills: [] },
    ...{ subagents: [], ultracode: false, interfaces: { telegram: null }, protected: false, canSpawn: false, spawned: false, budget: noAgentBudget },
  }
}

export const emptyTeam: Team = {
  root: '/',
  name: 'contract',
  broker: { type: 'sqlite', path: 'mailbox.db' },
  supervisor: { type: 'tmux', tmuxPrefix: 'c-', drainTimeoutMs: 10_000, tmuxServer: 'own' },
  limits: { ...defaultLimits, messageBytes: 1_000_000, logBytes: 1_000_000, logFiles: 2 },
  maxWorkers: 6,
  workerMode: 'terminal',
  maxSpawns: 50,
  loopGuard: defaultLoopGuard,
  breakers: defaultBreakers,
  budget: noBudget,
  places: {},
  hitl: noHitl,
  metering: defaultMetering,
  rateLimits: { defaultOnHit: [], fallbackWaitMs: 0, failOverAfterMs: 300_000, allowPrivate: [], hooks: [] },
  interfaces: [],
  gateways: [],
  attachments: { enabled: false, maxSizeBytes: 0, maxTotalBytes: 0, allowedRoots: [], scanner: null, auditLogPath: null, tempfileTtlMs: 0 },
  projects: [],
  rehearsal: 'contract',
}
