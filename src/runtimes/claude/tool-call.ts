import type { ToolCall, Verdict } from '../../core/gate.ts'
import { isRecord } from '../json.ts'
import { teamTools } from './settings.ts'

const reads = new Set(['Read', 'Glob', 'Grep', 'LS', 'NotebookRead', 'BashOutput', 'ListMcpResourcesTool', 'LSP'])
const fetches = new Set(['WebFetch', 'WebSearch', 'ReadMcpResourceTool'])
const edits = new Set(['Edit', 'Write', 'MultiEdit', 'NotebookEdit'])
/** Claude's own book-keeping. What a subagent does comes through the hook by itself. */
const own = new Set(['TodoWrite', 'TaskCreate', 'TaskUpdate', 'TaskList', 'TaskGet', 'Task', 'Agent', 'TaskOutput', 'TaskStop', 'KillShell', 'ToolSearch', 'ExitPlanMode', 'EnterPlanMode', 'AskUserQuestion', 'Skill'])
/** Of its names for the tool that begins a subagent, the older and the newer. */
const spawning = new Set(['Task', 'Agent'])
/** Words about a call, or how long it may take: another description makes no other deed. */
const asides = new Set(['description', 'timeout'])

/** A PreToolUse event as troupe sees calls. Null for what has no tool in it. */
export function toolCall(event: Record<string, unknown>): ToolCall | null {
  const { tool_name: tool, tool_input: given, cwd, agent_id: inside } = event
  if (typeof tool !== 'string' || typeof cwd !== 'string') return null
  const input = isRecord(given) ? given : {}
  const command = typeof input['command'] === 'string' ? input['command'] : null
  const paths = ['file_path', 'notebook_path', 'path'].flatMap((name) => (typeof input[name] === 'string' ? [input[name]] : []))
  return { tool, kind: kindOf(tool, command), input: command === null ? input : withoutAsides(input), command, paths, cwd, ...(spawning.has(tool) ? { spawns: { nested: typeof inside === 'string' } } : {}) }
}

function kindOf(tool: string, command: string | null): ToolCall['kind'] {
  if (tool.startsWith(teamTools)) return 'team'
  if (command !== null) return 'shell'
  if (reads.has(tool)) return 'read'
  if (fetches.has(tool)) return 'fetch'
  if (edits.has(tool)) return 'edit'
  return own.has(tool) ? 'own' : 'other'
}

function withoutAsides(input: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(input).filter(([name]) => !asides.has(name)))
}

/** The answer to PreToolUse. Nothing at all leaves the call to Claude's own mode and rules. */
export function permissionAnswer(verdict: Verdict): Record<string, unknown> {
  if (verdict.do === 'pass') return {}
  return { hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: verdict.do, permissionDecisionReason: verdict.why } }
}
