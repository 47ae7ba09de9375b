import { resolve } from 'node:path'
import type { ToolCall, Verdict } from '../../core/gate.ts'
import type { PermissionMode } from '../../core/team.ts'
import { isRecord } from '../json.ts'
import { asksByItself } from './mode.ts'
import { teamTools } from './settings.ts'

const reads = new Set(['read_file', 'read_many_files', 'list_directory', 'glob', 'grep_search', 'search_file_content', 'list_background_processes', 'read_background_output', 'get_internal_docs'])
const fetches = new Set(['web_fetch', 'google_web_search'])
const edits = new Set(['write_file', 'replace'])
/** The CLI's own book-keeping. What a subagent does comes through the hook by itself. */
const own = new Set(['write_todos', 'update_topic', 'ask_user', 'enter_plan_mode', 'exit_plan_mode', 'activate_skill', 'invoke_agent', 'complete_task'])
/** Words about a call: another description makes no other deed. */
const asides = new Set(['description', 'wait_for_previous'])

/** A BeforeTool event as troupe sees calls. Null for what has no tool in it. */
export function toolCall(event: Record<string, unknown>): ToolCall | null {
  const { tool_name: tool, tool_input: given, cwd } = event
  if (typeof tool !== 'string' || typeof cwd !== 'string') return null
  const input = isRecord(given) ? given : {}
  const command = tool === 'run_shell_command' ? String(input['command'] ?? '') : null
  const place = command !== null && typeof input['dir_path'] === 'string' ? resolve(cwd, input['dir_path']) : cwd
  const paths = ['file_path', 'dir_path', 'path', 'absolute_path'].flatMap((name) => (typeof input[name] === 'string' ? [input[name]] : []))
  const more = Array.isArray(input['paths']) ? input['paths'].map(String) : []
  const kept = Object.fromEntries(Object.entries(input).filter(([name]) => !asides.has(name)))
  return { tool, kind: kindOf(tool, command), input: kept, command, paths: [...paths, ...more], cwd: place, ...(tool === 'invoke_agent' ? { spawns: { nested: false } } : {}) }
}

function kindOf(tool: string, command: string | null): ToolCall['kind'] {
  if (tool.startsWith(teamTools)) return 'team'
  if (command !== null) return 'shell'
  if (reads.has(tool)) return 'read'
  if (fetches.has(tool)) return 'fetch'
  if (edits.has(tool)) return 'edit'
  return own.has(tool) ? 'own' : 'other'
}

/** Calls that change nothing are never asked about where the CLI's own policy lets everything pass. */
const harmless = new Set<ToolCall['kind']>(['team', 'own', 'read'])

/** The answer to BeforeTool. Nothing at all leaves the call to the CLI's own policy. */
export function callAnswer(verdict: Verdict, mode: PermissionMode, { kind }: ToolCall): Record<string, unknown> {
  if (verdict.do === 'deny') return { decision: 'deny', reason: verdict.why }
  if (verdict.do === 'ask') return { decision: 'ask', systemMessage: verdict.why }
  if (verdict.do === 'allow' || asksByItself(mode) || mode === 'bypass' || harmless.has(kind)) return {}
  return { decision: 'ask' }
}

/** What a ToolPermission notification asks about, as far as it can be compared with the call that was announced before. */
export function isAbout(details: Record<string, unknown>, { tool, command, input }: Pick<ToolCall, 'tool' | 'command' | 'input'>): boolean {
  const fields = isRecord(input) ? input : {}
  switch (details['type']) {
    case 'exec':
      return command !== null && details['command'] === command
    case 'edit':
      return tool === 'write_file' || tool === 'replace' ? String(fields['file_path'] ?? '').endsWith(String(details['fileName'] ?? '\0')) : false
    case 'mcp':
      return tool === `mcp_${String(details['serverName'])}_${String(details['toolName'])}`
    default:
      return command === null
  }
}
