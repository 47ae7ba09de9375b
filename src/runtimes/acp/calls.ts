import type { ToolCall } from '../../core/gate.ts'
import { isRecord } from '../json.ts'
import type { AcpToolCall } from './messages.ts'

const kinds: { [kind in string]?: ToolCall['kind'] } = { read: 'read', search: 'read', edit: 'edit', delete: 'edit', move: 'edit', execute: 'shell', fetch: 'fetch', think: 'own' }

/** The ways in which agents write down a tool of the server `team`; what runs or edits something never looks like one. */
const ours = /^(?:mcp__team__|mcp_team_|team_|team[.:/])\w+$|^\w+ \(team MCP Server\)$/

/** A call as troupe sees calls. `cwd`: of the session. */
export function toolCallOf({ title, kind, rawInput, locations, toolCallId }: AcpToolCall, cwd: string): ToolCall {
  const tool = title ?? toolCallId
  const input = isRecord(rawInput) ? rawInput : {}
  const command = commandOf(input) ?? (kind === 'execute' ? tool : null)
  const paths = [...(locations ?? []).map(({ path }) => path), ...['file_path', 'filePath', 'path'].flatMap((name) => (typeof input[name] === 'string' ? [input[name]] : []))]
  const isOurs = command === null && (kind ?? 'other') === 'other' && ours.test(tool)
  const asked = Object.keys(input).length === 0 ? { title: tool } : input
  return { tool: isOurs ? tool : (kind ?? 'other'), kind: isOurs ? 'team' : command === null ? (kinds[kind ?? ''] ?? 'other') : 'shell', input: asked, command, paths: [...new Set(paths)], cwd }
}

function commandOf({ command }: Record<string, unknown>): string | null {
  if (typeof command === 'string') return command
  return Array.isArray(command) && command.every((word) => typeof word === 'string') ? command.join(' ') : null
}
