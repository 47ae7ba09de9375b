import { canonical } from '../../core/approval.ts'
import type { ToolCall, Verdict } from '../../core/gate.ts'
import { isRecord } from '../json.ts'
import { teamTools } from './config.ts'

const reads = new Set(['view_image', 'list_mcp_resources', 'list_mcp_resource_templates', 'read_mcp_resource'])
/** Codex's own book-keeping. What a subagent does comes through the hook by itself. */
const own = new Set(['update_plan', 'request_user_input', 'get_goal', 'create_goal', 'update_goal', 'close_agent', 'resume_agent', 'send_input', 'spawn_agent', 'wait_agent', 'spawn_agents', 'sleep'])
/** Words about a call: another description makes no other deed. */
const asides = new Set(['description', 'justification', 'timeout'])

/** A PreToolUse or PermissionRequest event as troupe sees calls. Null for what has no tool in it. */
export function toolCall(event: Record<string, unknown>): ToolCall | null {
  const { tool_name: tool, tool_input: given, cwd, agent_id: inside } = event
  if (typeof tool !== 'string' || typeof cwd !== 'string') return null
  const input = isRecord(given) ? Object.fromEntries(Object.entries(given).filter(([name]) => !asides.has(name))) : {}
  const words = typeof input['command'] === 'string' ? input['command'] : null
  const patch = tool === 'apply_patch'
  const kind = kindOf(tool, !patch && words !== null)
  const paths = patch ? patched(words ?? '') : ['path', 'workdir'].flatMap((name) => (typeof input[name] === 'string' ? [input[name]] : []))
  return { tool, kind, input, command: kind === 'shell' ? words : null, paths, cwd, ...(tool === 'spawn_agent' ? { spawns: { nested: typeof inside === 'string' } } : {}) }
}

function kindOf(tool: string, hasCommand: boolean): ToolCall['kind'] {
  if (tool.startsWith(teamTools)) return 'team'
  if (tool === 'apply_patch') return 'edit'
  if (hasCommand) return 'shell'
  if (reads.has(tool)) return 'read'
  return own.has(tool) ? 'own' : 'other'
}

/** The files that a patch names. */
function patched(patch: string): string[] {
  return [...patch.matchAll(/^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+)$/gm)].map(([, path = '']) => path.trim())
}

/** The same call, whoever tells of it. */
export function callKey({ tool, input }: Pick<ToolCall, 'tool' | 'input'>): string {
  return canonical([tool, input])
}

/**
 * The answer to PreToolUse. Nothing at all leaves the call to Codex's sandbox and to what it asks for: it knows no other yes, and
 * cannot be told to ask. Where nobody could judge, that is a no.
 */
export function callAnswer(verdict: Verdict): Record<string, unknown> {
  if (verdict.do === 'pass' || verdict.do === 'allow') return {}
  return { hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'deny', permissionDecisionReason: verdict.why } }
}

/** The answer to PermissionRequest. Nothing at all leaves the question to whoever is at the terminal. */
export function promptAnswer(verdict: Verdict): Record<string, unknown> {
  if (verdict.do === 'pass' || verdict.do === 'ask') return {}
  const decision = verdict.do === 'allow' ? { behavior: 'allow' } : { behavior: 'deny', message: verdict.why }
  return { hookSpecificOutput: { hookEventName: 'PermissionRequest', decision } }
}
