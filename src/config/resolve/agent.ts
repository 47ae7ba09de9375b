import type { Agent, Role } from '../../core/team.ts'
import { didYouMean } from '../../core/nearest.ts'
import type { Place } from '../place.ts'
import type { RawAgent } from '../schema/agent.ts'
import { resolveAgentBudget } from './budget.ts'
import { agentMetering } from './metering.ts'
import { checkFile, workingFolder } from './files.ts'
import { resolveTelegram } from './gateways.ts'
import { checkDisplayName, checkId, checkVariable, printable } from './names.ts'
import { agentHooks } from './hooks.ts'
import { skillFolders, subagentFiles } from './offers.ts'
import { autonomy, checkGate, permissionMode } from './permission.ts'
import { reach } from './reach.ts'
import { resolveMode } from './mode.ts'
import { resolveFallback } from './fallback.ts'
import { checkRuntime } from './runtime.ts'
import { agentFolder } from './worktree.ts'
import type { ProjectScope } from './scope.ts'

/** Set by troupe for every agent; a team's own values would be lost. */
const ownVariables = /^(TROUPE_\w+|AGENT_ID|PROJECT_ID|TEAMCTL_ROOT)$/

export function resolveAgent(id: string, role: Role, raw: RawAgent, scope: ProjectScope, place: Place): Agent {
  checkId('agent', id, place)
  if (raw.display_name !== null) checkDisplayName(raw.display_name, place.at('display_name'))
  checkEnv(raw.env, place.at('env'))
  checkTools(raw, place)
  const descriptor = checkRuntime(raw.runtime, scope, place.at('runtime'))
  const mode = resolveMode(raw, descriptor, scope, place)
  const promised = { mode: permissionMode(raw.permission_mode, place.at('permission_mode')), autonomy: autonomy(raw.autonomy, place.at('autonomy')) }
  if (descriptor !== null && !scope.known.runtimes.gated.includes(raw.runtime)) checkGate(raw.runtime, promised, place)
  const metering = agentMetering(raw, scope, place.at('metering'))
  const { telegram } = raw.interfaces
  if (telegram !== null && role !== 'manager')
    place.at('interfaces', 'telegram').errorAtKey(`\`${id}\` has \`interfaces.telegram\` but is a worker: only managers talk to people in a chat`, 'move the block to its manager')
  if (raw.can_spawn && role !== 'manager') place.at('can_spawn').errorAtKey(`\`${id}\` is a worker: only managers make workers, and those make none`, 'take the key out')
  if (raw.spawned && role !== 'worker') place.at('spawned').errorAtKey(`\`${id}\` is a manager: only workers are spawned`, 'take the key out')
  return {
    address: `${scope.project}:${id}`,
    id,
    project: scope.project,
    role,
    displayName: raw.display_name,
    runtime: raw.runtime,
    descriptor,
    mode,
    task: raw.task,
    model: checkModel(raw.model, place.at('model')),
    fallback: resolveFallback(raw, { permissionMode: promised.mode, autonomy: promised.autonomy }, metering, scope, place.at('fallback')),
    effort: raw.effort,
    rolePrompt: rolePrompt(raw.role_prompt, scope.root, place.at('role_prompt')),
    permissionMode: promised.mode,
    autonomy: promised.autonomy,
    ...reach(id, raw, scope, place),
    reportsTo: reportsTo(id, raw.reports_to, scope, place.at('reports_to')),
    restart: raw.restart ?? (mode === 'oneshot' ? 'never' : 'always'),
    budget: resolveAgentBudget(raw.budget, place.at('budget')),
    metering,
    onRateLimit: checkHookNames(raw.on_rate_limit, scope.hooks, place.at('on_rate_limit')),
    ...agentFolder(id, raw, raw.cwd === null ? scope.cwd : workingFolder(scope.cwd, raw.cwd, place.at('cwd')), scope.project, scope, place),
    args: raw.args,
    env: [...new Set(raw.env)],
    hooks: agentHooks(scope.root, raw.hooks, place.at('hooks')),
    mcps: raw.mcps,
    skills: skillFolders(scope.root, raw.skills, place.at('skills')),
    subagents: subagentFiles(scope.root, raw.subagents, place.at('subagents')),
    ultracode: raw.ultracode,
    interfaces: { telegram: resolveTelegram(telegram, place.at('interfaces', 'telegram')) },
    protected: raw.protected,
    canSpawn: raw.can_spawn,
    spawned: raw.spawned,
  }
}

function rolePrompt(raw: string | string[] | null, root: string, place: Place): string[] {
  if (raw === null) return []
  const paths = Array.isArray(raw) ? raw : [raw]
  if (paths.length === 0) place.error('`role_prompt` is an empty list', 'name a file, or leave the key out')
  return paths.map((path, index) => {
    const here = Array.isArray(raw) ? place.at(index) : place
    if (path.trim() === '') here.error('the role prompt is blank', 'name a file, or leave the key out')
    return checkFile(root, path, 'the role prompt', here)
  })
}

function checkModel(model: string | null, place: Place): string | null {
  if (model !== null && (model.trim() === '' || /[\s\p{Cc}]/u.test(model) || model.startsWith('-'))) {
    place.error(`\`${printable(model)}\` cannot be the name of a model`, 'leave the key out and the runtime chooses')
  }
  return model
}

function reportsTo(id: string, manager: string | null, scope: ProjectScope, place: Place): string | null {
  if (manager === null) return null
  const managers = scope.managers.filter((one) => one !== id)
  if (manager === id) place.error(`\`${id}\` reports to itself`, 'name another manager, or leave the key out')
  else if (!managers.includes(manager)) {
    const isWorker = scope.agents.includes(manager)
    const why = isWorker ? 'which is a worker: only managers have reports' : `which is no manager of project \`${scope.project}\``
    place.error(
      `\`${id}\` reports to \`${printable(manager)}\`, ${why}`,
      didYouMean(manager, managers, 'managers of the project'),
    )
  }
  return `${scope.project}:${manager}`
}

/** Names of rate-limit hooks must exist; `wait` always does. */
export function checkHookNames(names: string[] | null, known: readonly string[], place: Place): string[] | null {
  names?.forEach((name, index) => {
    if (!known.includes(name))
      place.at(index).error(`there is no rate-limit hook \`${printable(name)}\``, didYouMean(name, known, 'hooks'))
  })
  return names
}

function checkEnv(names: string[], place: Place): void {
  names.forEach((name, index) => {
    checkVariable(name, place.at(index))
    if (ownVariables.test(name)) place.at(index).error(`\`${name}\` is set by troupe itself`, 'take it out of the list')
  })
}

function checkTools(raw: RawAgent, place: Place): void {
  for (const [name, mcp] of Object.entries(raw.mcps)) {
    if (name === 'team')
      place.at('mcps', name).errorAtKey('the MCP server name `team` is troupe’s own', 'give yours another name')
    else if (mcp.command.trim() === '') place.at('mcps', name, 'command').error('the command is empty')
  }
  raw.args.forEach((arg, index) => {
    if (arg.includes('\0')) place.at('args', index).error('an argument cannot hold a NUL character')
  })
}
