import type { ToolCall } from '../../core/gate.ts'
import { isAbsolute, resolve } from '../../core/paths.ts'
import { isRecord } from '../json.ts'
import { teamTools } from './permissions.ts'

const kinds: Record<string, ToolCall['kind']> = {
  ...{ read: 'read', glob: 'read', grep: 'read', list: 'read', lsp: 'read', read_mcp_resource: 'fetch', list_mcp_resources: 'read', list_mcp_resource_templates: 'read' },
  ...{ webfetch: 'fetch', websearch: 'fetch', codesearch: 'fetch' },
  ...{ edit: 'edit', write: 'edit', patch: 'edit', multiedit: 'edit', apply_patch: 'edit' },
  // What a subagent does comes through the plugin by itself.
  ...{ todowrite: 'own', todoread: 'own', skill: 'own', question: 'own', task: 'own', plan_enter: 'own', plan_exit: 'own', invalid: 'own' },
}
/** Words about a call, or how long it may take: another description makes no other deed. */
const asides = new Set(['description', 'timeout'])

/** A call as the plugin tells of it. Null for what has no tool in it. `pinned`: the agent's own conversation. */
export function toolCall(event: Record<string, unknown>, pinned: string | null): ToolCall | null {
  const { tool_name: tool, tool_input: given, cwd, session_id: session } = event
  if (typeof tool !== 'string' || typeof cwd !== 'string') return null
  const input = isRecord(given) ? given : {}
  const command = typeof input['command'] === 'string' ? input['command'] : null
  return {
    tool,
    kind: kindOf(tool, command),
    input: command === null ? input : withoutAsides(input),
    command,
    paths: pathsOf(input),
    cwd: folderOf(input, cwd),
    ...(tool === 'task' ? { spawns: { nested: session !== pinned } } : {}),
  }
}

function kindOf(tool: string, command: string | null): ToolCall['kind'] {
  if (tool.startsWith(teamTools)) return 'team'
  if (command !== null && (tool === 'bash' || kinds[tool] === undefined)) return 'shell'
  return kinds[tool] ?? 'other'
}

/** A shell may be told to start elsewhere. */
function folderOf(input: Record<string, unknown>, cwd: string): string {
  const { workdir } = input
  if (typeof workdir !== 'string' || workdir === '') return cwd
  return isAbsolute(workdir) ? workdir : resolve(cwd, workdir)
}

function pathsOf(input: Record<string, unknown>): string[] {
  const named = ['filePath', 'path'].flatMap((name) => (typeof input[name] === 'string' ? [input[name]] : []))
  const patch = input['patchText']
  const patched = typeof patch === 'string' ? [...patch.matchAll(/^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+)$/gm)].map((match) => match[1]!.trim()) : []
  return [...named, ...patched]
}

function withoutAsides(input: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(input).filter(([name]) => !asides.has(name)))
}
