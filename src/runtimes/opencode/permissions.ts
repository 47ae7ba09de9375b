import { prefixes } from '../../core/sensitive.ts'
import type { HitlSettings, PermissionMode } from '../../core/team.ts'

type Action = 'allow' | 'ask' | 'deny'
/** OpenCode's own words: a tool or `*`, with an action, or with patterns; the last that fits counts. */
export type Permissions = Record<string, Action | Record<string, Action>>

/** The MCP server every agent knows; its tools are called `team_…`. */
export const teamServer = 'team'
export const teamTools = `${teamServer}_`

/** Looks, and its own book-keeping. */
const harmless = { read: 'allow', glob: 'allow', grep: 'allow', list: 'allow', lsp: 'allow', todowrite: 'allow', todoread: 'allow', skill: 'allow', task: 'allow', question: 'allow' } as const

/** Tools behind the one word `edit`. */
const editing = ['edit', 'write', 'patch', 'multiedit', 'apply_patch']

/** The one table of permission modes. What OpenCode still asks for, the gate or whoever is at the terminal answers. */
const table: Record<PermissionMode, Permissions> = {
  plan: { '*': 'ask', ...harmless, edit: 'deny', webfetch: 'allow', websearch: 'allow', bash: 'ask', external_directory: 'ask' },
  confirm: { '*': 'ask', ...harmless, edit: 'ask', bash: 'ask', external_directory: 'ask' },
  manual: { '*': 'ask', ...harmless, edit: 'ask', bash: 'ask', external_directory: 'ask' },
  auto: { '*': 'ask', ...harmless, edit: 'allow', bash: 'ask', external_directory: 'ask' },
  bypass: { '*': 'allow', external_directory: 'allow' },
}

/** `hitl`: its sensitive commands are asked for in every mode, for the case that the gate fails. */
export function permissions(mode: PermissionMode, hitl: Pick<HitlSettings, 'globallySensitiveActions' | 'rules'>): Permissions {
  const rest = table[mode]
  const usual = rest['bash'] ?? rest['*']
  const asked = prefixes(hitl.globallySensitiveActions, hitl.rules).flatMap((prefix) => [[prefix, 'ask'], [`${prefix} *`, 'ask']] as const)
  const bash = { '*': typeof usual === 'string' ? usual : 'ask', ...Object.fromEntries(asked) } as const
  return { ...rest, bash, [`${teamTools}*`]: 'allow' }
}

/** Tools, by the name a call has, that OpenCode itself asks its user about in this mode. */
export function asksItself(mode: PermissionMode): string[] {
  const edits = table[mode]['edit'] === 'ask' ? editing : []
  return mode === 'bypass' ? [] : ['bash', ...edits]
}

/**
 * Where nobody is at the terminal: what OpenCode would ask about is a no, and what the gate allows must not be asked about.
 * Files outside its folder stay forbidden, except in mode bypass.
 */
export function permissionsAlone(mode: PermissionMode): { passes: string[] | null; permission: Permissions } {
  const edits = table[mode]['edit']
  const passes = [...Object.keys(harmless), ...(edits === 'allow' ? editing : []), ...(mode === 'plan' ? ['webfetch', 'websearch'] : [])]
  return {
    passes: mode === 'bypass' ? null : passes,
    permission: { '*': 'allow', ...(edits === 'deny' ? { edit: 'deny' } : {}), external_directory: mode === 'bypass' ? 'allow' : 'deny' },
  }
}
