import type { Health } from '../../core/runtime.ts'
import { agentsOf, type Agent } from '../../core/team.ts'
import { healthOf, isViable, runtimeNames, seenVersions } from '../../runtimes/index.ts'
import { fine, wrong, type Finding, type Provider, type Setting } from './finding.ts'

/** troupe's own agent: it is always there, and has no account. */
const ownAgent = 'scripted'

interface Examined {
  name: string
  health: Health
  /** Agents of this team run on it for real. In a rehearsal a scripted agent stands in. */
  needed: boolean
}

/** Every agent CLI of this version, and what the team names besides. What is wrong with one says nothing of the others. */
export async function providers(setting: Setting): Promise<Finding[]> {
  return (await examined(setting)).map((each) => ({ ...judge(each), provider: providerOf(each) }))
}

/** None of what was looked at lets an agent work on a model; troupe's own is none of them. */
export function noneUsable(found: readonly Finding[]): boolean {
  const clis = found.flatMap(({ provider }) => (provider === undefined || provider.runtime === ownAgent ? [] : [provider]))
  return clis.length > 0 && clis.every(({ viable }) => !viable)
}

/** Whether each CLI is one that the contract suite has run on; asked for with `--drift`. */
export async function drift(setting: Setting): Promise<Finding[]> {
  const found = (await examined(setting)).filter(({ name, health }) => seenVersions[name] !== undefined && health.installed)
  return found.map(({ name, health: { version } }) => {
    const check = `drift ${name}`
    const tested = seenVersions[name]?.join(', ') ?? ''
    if (isSeen(name, version) === true) return fine(check, `${version ?? ''} is a version that troupe was tested with`)
    return wrong(check, `${version ?? 'an unknown version'} is none that troupe was tested with: its screens and signals may differ`, `watch it at work once, or install ${tested}`)
  })
}

/** Allowances that are used up, as far as the daemon knows: those of the CLIs that the team runs on. */
export async function quotas({ daemon, call }: Setting): Promise<Finding[]> {
  if (daemon === null) return []
  const rows = await call('ps', {})
  return [...new Set(rows.map(({ runtime }) => runtime))].map((runtime) => {
    const check = `quota ${runtime}`
    const hit = rows.filter((row) => row.runtime === runtime && row.quota != null)
    if (hit.length === 0) return fine(check, 'no limit of its provider is known to be reached')
    const until = hit.flatMap(({ quota }) => quota?.until ?? [])
    const who = hit.map(({ agent }) => agent).join(', ')
    const text = `${hit[0]?.quota?.why ?? ''} (${who})`
    if (until.length < hit.length) return wrong(check, text, 'raise the limit at the provider, then troupe restart AGENT')
    return fine(check, `used up until ${new Date(Math.max(...until)).toISOString()}: ${text}`)
  })
}

async function examined(setting: Setting): Promise<Examined[]> {
  const { team } = setting
  const named = new Map<string, Agent['descriptor']>(runtimeNames.ready.filter((name) => team === null || name !== ownAgent).map((name) => [name, null]))
  const used = new Set<string>()
  for (const { runtime, descriptor } of team === null ? [] : agentsOf(team)) {
    named.set(runtime, descriptor)
    used.add(runtime)
  }
  const look = async ([name, descriptor]: [string, Agent['descriptor']]) => ({ name, health: await healthOf(setting.host, name, descriptor), needed: name === setting.only || (setting.only === null && used.has(name) && team?.rehearsal === null) })
  const found = await Promise.all([...named].filter(([name]) => setting.only === null || name === setting.only).map(look))
  // What runs any command that a team names is nothing by itself.
  return found.filter(({ name, health: { program, problem } }) => name === setting.only || used.has(name) || program !== null || problem !== null)
}

function judge({ name, health: { installed, program, version, features, problem, notes = [] }, needed }: Examined): Finding {
  const check = `runtime ${name}`
  const without = needed ? '' : ' (not needed here)'
  if (problem !== null) return needed || installed ? wrong(check, `${problem.why}${without}`, problem.fix) : fine(check, `${problem.why}${without}. To use it: ${problem.fix}`)
  const text = `${version ?? 'unknown version'} at ${program ?? '?'}`
  const noted = (words: string): string => [words, ...notes].join('; ')
  if (features['authenticated'] !== false) return fine(check, noted(`${text}${features['authenticated'] === true ? ', logged in' : ''}`))
  return needed ? wrong(check, noted(`${text} is not logged in`), `run ${program ?? name} once and log in, or set its key in the environment of troupe up`) : fine(check, noted(`${text}, not logged in${without}`))
}

function providerOf({ name, health }: Examined): Provider {
  const { installed, program, version, features } = health
  return { runtime: name, installed, program, version, authenticated: features['authenticated'] ?? null, viable: isViable(health), seen: isSeen(name, version) }
}

/** null: nothing is known of versions of it. */
function isSeen(name: string, version: string | null): boolean | null {
  return seenVersions[name]?.includes(version ?? '') ?? null
}
