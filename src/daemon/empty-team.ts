import { join } from 'node:path'
import { defaultBreakers } from '../core/breakers.ts'
import { defaultAttachments, defaultLimits, defaultLoopGuard, defaultMetering, defaultWorkers, noBudget, noHitl } from '../core/limits.ts'
import type { Team } from '../core/team.ts'

/** Before the first good team: nothing to run, defaults for the supervisor. */
export function emptyTeam(root: string): Team {
  return {
    root,
    name: '',
    broker: { type: 'sqlite', path: join(root, 'state', 'mailbox.db') },
    supervisor: { type: 'tmux', tmuxPrefix: 'a-', drainTimeoutMs: 10_000, tmuxServer: 'own' },
    limits: defaultLimits,
    maxWorkers: defaultWorkers.atOnce,
    workerMode: 'terminal',
    maxSpawns: defaultWorkers.ofOneLead,
    loopGuard: defaultLoopGuard,
    breakers: defaultBreakers,
    budget: noBudget,
    places: {},
    hitl: noHitl,
    metering: defaultMetering,
    rateLimits: { defaultOnHit: [], fallbackWaitMs: 0, failOverAfterMs: 300_000, allowPrivate: [], hooks: [] },
    interfaces: [],
    gateways: [],
    attachments: defaultAttachments,
    projects: [],
    rehearsal: null,
  }
}
