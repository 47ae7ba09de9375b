import type {
  AttachmentSettings,
  HitlSettings,
  Project,
  RateLimitHook,
  RateLimitSettings,
} from '../../core/team.ts'
import { didYouMean } from '../../core/nearest.ts'
import { limitPolicy } from '../../core/limit-hit.ts'
import { isNetwork } from '../../util/web-request.ts'
import type { Place } from '../place.ts'
import type { RawCompose } from '../schema/compose.ts'
import { warnOfProject } from './budget.ts'
import { fromHome } from './files.ts'
import { checkHookNames } from './agent.ts'
import { checkVariable, printable } from './names.ts'

/** Names that other parts of the file may mention; null while some project could not be read. */
export type Projects = readonly Project[] | null

export function resolveHitl(raw: RawCompose['hitl'], projects: Projects, place: Place): HitlSettings {
  if (raw.hold > longestHold) place.at('hold').error(`a call cannot be held for more than ${longestHold} seconds`)
  if (raw.expiry > longestExpiry) place.at('expiry').error(`a request cannot stay open for more than ${longestExpiry} seconds`)
  return {
    holdMs: raw.hold * 1000,
    expiryMs: raw.expiry * 1000,
    confirm: raw.confirm,
    rules: raw.rules.map((rule, index) => resolveRule(rule, raw.globally_sensitive_actions, place.at('rules', index))),
    globallySensitiveActions: raw.globally_sensitive_actions,
    autoApproveWindows: raw.auto_approve_windows.map((window, index) => {
      const here = place.at('auto_approve_windows', index)
      if (window.project !== null) warnOfProject(window.project, projects, here.at('project'))
      return {
        action: window.action,
        project: window.project,
        agent: window.agent,
        scope: window.scope,
        until: moment(window.until, here.at('until')),
      }
    }),
  }
}

/** Seconds. */
const longestHold = 3600
const longestExpiry = 86_400

function resolveRule(raw: RawCompose['hitl']['rules'][number], actions: readonly string[], place: Place): HitlSettings['rules'][number] {
  const words = raw.command?.split(/\s+/).filter((word) => word !== '') ?? []
  if (words.length === 0 && (raw.tool === null || raw.tool.trim() === ''))
    place.error('the rule names neither a `command` nor a `tool`', 'write `command: program word`, or `tool: name*`')
  if (!actions.includes(raw.action))
    place.at('action').error(`\`${printable(raw.action)}\` is not in \`globally_sensitive_actions\`, so that its rule would hold nothing`, didYouMean(raw.action, actions, 'actions'))
  return { action: raw.action, command: words.length === 0 ? null : words, tool: raw.tool }
}

/** RFC 3339 with its zone: a window that ends at another time than its author thinks is worse than none. */
function moment(text: string, place: Place): number {
  const at = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at))
    place.error(`\`${printable(text)}\` is not a moment in time`, 'write it with its zone, such as 2030-01-31T18:00:00Z')
  return Number.isNaN(at) ? 0 : at
}

export function hookNames(raw: RawCompose['rate_limits']): string[] {
  return [...new Set(['wait', ...raw.hooks.map((hook) => hook.name)])]
}

export function resolveRateLimits(raw: RawCompose['rate_limits'], place: Place): RateLimitSettings {
  const seen = new Set<string>()
  return {
    defaultOnHit: checkHookNames(raw.default_on_hit, hookNames(raw), place.at('default_on_hit')) ?? [],
    failOverAfterMs: raw.fail_over_after_seconds * 1000,
    fallbackWaitMs: fallbackWait(raw.fallback_wait_seconds, place.at('fallback_wait_seconds')),
    allowPrivate: raw.allow_private.map((host, index) => privateHost(host, place.at('allow_private', index))),
    hooks: raw.hooks.map((hook, index) => {
      const here = place.at('hooks', index)
      if (hook.name.trim() === '') here.at('name').error('the hook’s name is blank')
      if (seen.has(hook.name))
        here.at('name').error(`the rate-limit hook \`${printable(hook.name)}\` is here a second time`, 'keep one of the two')
      seen.add(hook.name)
      return resolveHook(hook, here)
    }),
  }
}

/** Nobody is asked to try again at once, for ever. */
const leastFallback = limitPolicy.least / 1000

function fallbackWait(seconds: number, place: Place): number {
  if (seconds < leastFallback) place.warning(`\`fallback_wait_seconds\` is ${seconds}: ${leastFallback} seconds are waited all the same, longer each time`)
  return seconds * 1000
}

function privateHost(host: string, place: Place): string {
  if (!isNetwork(host) && !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host)) place.error(`\`${printable(host)}\` is no host, address or network`, 'write such as localhost, 10.1.2.3 or 10.0.0.0/8')
  return host
}

function resolveHook(raw: RawCompose['rate_limits']['hooks'][number], place: Place): RateLimitHook {
  const needs = (key: string, why: string) => place.error(`the hook \`${printable(raw.name)}\` has no \`${key}\``, why)
  if (raw.action === 'send' && raw.to === null) needs('to', 'name the agent or the #channel it writes to')
  if (raw.action === 'webhook' && raw.url === null && raw.url_env === null)
    needs('url', 'give `url`, or `url_env` with the name of a variable')
  if (raw.action === 'run' && raw.command.length === 0) needs('command', 'give the program and its arguments as a list')
  if (raw.url !== null && !/^https?:\/\//.test(raw.url)) place.at('url').error('the URL must begin with http:// or https://')
  if (raw.url_env !== null) checkVariable(raw.url_env, place.at('url_env'))
  if (raw.method !== null && !/^[a-z]{3,10}$/i.test(raw.method)) place.at('method').error(`\`${printable(raw.method)}\` is no HTTP method`)
  const { name, action, to, template, url, method, command } = raw
  return { name, action, to, template, url, urlEnv: raw.url_env, method, command }
}

export function resolveAttachments(raw: RawCompose['attachments'], root: string, place: Place): AttachmentSettings {
  const { scanner } = raw
  if (scanner !== null && scanner.command.trim() === '') place.at('scanner', 'command').error('the scanner’s `command` is blank', 'name a program, or leave `scanner` out')
  return {
    enabled: raw.enabled,
    maxSizeBytes: raw.max_size_bytes,
    maxTotalBytes: raw.max_total_bytes,
    allowedRoots: raw.allowed_roots.map((folder) => fromHome(root, folder)),
    scanner: scanner === null ? null : { command: scanner.command, timeoutMs: scanner.timeout_seconds * 1000 },
    auditLogPath: raw.audit_log_path === null ? null : fromHome(root, raw.audit_log_path),
    tempfileTtlMs: raw.tempfile_ttl_seconds * 1000,
  }
}
