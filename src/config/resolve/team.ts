import { basename, dirname, extname, resolve } from 'node:path'
import type { Broker, Limits, Project, SupervisorSettings, Team } from '../../core/team.ts'
import type { BreakerSettings } from '../../core/breakers.ts'
import type { LoopGuardSettings } from '../../core/loop-guard.ts'
import { didYouMean } from '../../core/nearest.ts'
import type { Known } from '../known.ts'
import type { Place } from '../place.ts'
import type { RawCompose } from '../schema/compose.ts'
import { limitPlaces, resolveBudget } from './budget.ts'
import { checkFile } from './files.ts'
import { resolveMetering } from './metering.ts'
import { resolveGateways } from './gateways.ts'
import { checkVariable, printable } from './names.ts'
import { resolveAttachments, resolveHitl, resolveRateLimits, type Projects } from './policies.ts'

/** Longest drain that is not a mistake, seconds. */
const longestDrain = 600

/** `complete`: every project could be read, so names of projects can be checked. */
export function resolveTeam(
  raw: RawCompose,
  root: string,
  known: Known,
  projects: Project[],
  complete: boolean,
  place: Place,
  placeOf: (project: string, agent: string) => Place,
): Team {
  const named: Projects = complete ? projects : null
  if (raw.name !== null && (raw.name.trim() === '' || /\p{Cc}/u.test(raw.name)))
    place.at('name').error('the team’s name is blank or holds control characters')
  const chats = raw.interfaces.length > 0 || projects.some(({ agents }) => agents.some(({ interfaces }) => interfaces.telegram !== null))
  if (raw.hitl.confirm === 'chat' && !chats) place.at('hitl', 'confirm').warning('the team has no chat, so that nothing can be approved', 'add `interfaces`, or take `confirm: passphrase`')
  return {
    root,
    name: teamName(raw, root),
    broker: resolveBroker(raw.broker, root, place.at('broker')),
    supervisor: resolveSupervisor(raw.supervisor, known, place.at('supervisor')),
    limits: resolveLimits(raw.limits),
    maxWorkers: raw.max_workers,
    workerMode: raw.worker_mode,
    maxSpawns: raw.max_spawns,
    loopGuard: resolveLoopGuard(raw.loop_guard),
    breakers: resolveBreakers(raw.breakers),
    budget: resolveBudget(raw.budget, named, place.at('budget')),
    places: limitPlaces(root, projects, place, placeOf),
    hitl: resolveHitl(raw.hitl, named, place.at('hitl')),
    rateLimits: resolveRateLimits(raw.rate_limits, place.at('rate_limits')),
    metering: resolveMetering(raw.metering, place.at('metering')),
    interfaces: raw.interfaces,
    gateways: resolveGateways(raw.interfaces, known, projects, named, place.at('interfaces')),
    attachments: resolveAttachments(raw.attachments, root, place.at('attachments')),
    projects,
    rehearsal: raw.rehearsal === null ? null : rehearsal(raw.rehearsal, root, place.at('rehearsal')),
  }
}

/** As the file says, else as its folder is called. */
export function teamName({ name }: Pick<RawCompose, 'name'>, root: string): string {
  return name ?? folderName(root)
}

function resolveLimits(raw: RawCompose['limits']): Limits {
  return {
    messageBytes: raw.message_bytes,
    logBytes: raw.log_bytes,
    logFiles: raw.log_files,
    requestsPerSecond: raw.requests_per_second,
    requestsAtOnce: raw.requests_at_once,
    waitsAtOnce: raw.waits_at_once,
    inboxMessages: raw.inbox_messages,
  }
}

function resolveLoopGuard(raw: RawCompose['loop_guard']): LoopGuardSettings {
  return { enabled: raw.enabled, hops: raw.hops, sendsPerChain: raw.sends_per_chain, sendsPerMinute: raw.sends_per_minute }
}

function resolveBreakers(raw: RawCompose['breakers']): BreakerSettings {
  return {
    enabled: raw.enabled,
    callsPerMinute: raw.calls_per_minute,
    callsWithoutWork: raw.calls_without_work,
    subagentsAtOnce: raw.subagents_at_once,
    subagentsPerRun: raw.subagents_per_run,
    nestedSubagents: raw.nested_subagents,
  }
}

/** The folder's name; the one above it where the folder is only called `.team`. */
function folderName(root: string): string {
  return basename(basename(root) === '.team' ? dirname(root) : root) || 'team'
}

function resolveBroker(raw: RawCompose['broker'], root: string, place: Place): Broker {
  if (raw.type === 'postgres') {
    if (raw.url_env === null)
      place.error('the broker `postgres` has no `url_env`', 'name the environment variable that holds the database URL')
    else checkVariable(raw.url_env, place.at('url_env'))
    if (raw.path !== null) place.at('path').warning('`path` means nothing for `postgres`')
    return { type: 'postgres', urlEnv: raw.url_env ?? '' }
  }
  if (raw.url_env !== null)
    place.at('url_env').warning('`url_env` means nothing for `sqlite`', 'write `type: postgres`, or take it out')
  if (raw.path !== null && (raw.path.trim() === '' || raw.path.includes('\0')))
    place.at('path').error('the path of the database is empty or holds a NUL character')
  return { type: 'sqlite', path: resolve(root, raw.path ?? 'state/mailbox.db') }
}

function resolveSupervisor(raw: RawCompose['supervisor'], known: Known, place: Place): SupervisorSettings {
  const { ready, planned } = known.supervisors
  const all = [...ready, ...planned]
  if (planned.includes(raw.type))
    place
      .at('type')
      .warning(
        `the supervisor \`${raw.type}\` is known but not used yet: the team cannot be started with it`,
        `use ${ready.join(' or ')}`,
      )
  else if (!ready.includes(raw.type)) {
    place
      .at('type')
      .error(
        `the supervisor \`${printable(raw.type)}\` is not known; it must be one of ${all.join(', ')}`,
        didYouMean(raw.type, all, 'supervisors'),
      )
  }
  const drain = raw.drain_timeout_secs
  if (!(drain >= 0 && drain <= longestDrain))
    place
      .at('drain_timeout_secs')
      .error(`\`drain_timeout_secs\` is ${drain}; it must lie in 0..${longestDrain}`, '0 kills at once; 10 is the default')
  if (!/^[\w@%+=~. -]{0,64}$/.test(raw.tmux_prefix)) {
    place
      .at('tmux_prefix')
      .error(
        '`tmux_prefix` holds characters that a session name may not have, or is longer than 64',
        'use letters, digits, `_` and `-`',
      )
  }
  return { type: raw.type, tmuxPrefix: raw.tmux_prefix, drainTimeoutMs: Math.round(drain * 1000), tmuxServer: raw.tmux_server }
}

/** A plain word names one of the scenarios that come along; anything else is a file. */
function rehearsal(written: string, root: string, place: Place): string {
  if (written.trim() === '') place.error('`rehearsal` is blank', 'name a scenario or its file, or leave the key out')
  return written.includes('/') || extname(written) !== '' ? checkFile(root, written, 'the scenario', place) : written
}
