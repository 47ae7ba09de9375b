import { short } from '../short.ts'

/** What Claude waits for, and how a person answers it or is spared it the next time. */
export interface Dialog {
  what: string
  fix: string
}

/** Every dialog of Claude's that has a way out of saying no has it preselected. */
const select = 'choose with the arrow keys, confirm with Enter'

/** Of an old conversation, at its start or once somebody writes to it again. */
const resumeDialog: [RegExp, Dialog] = [
  /This session is [^]{1,40} old and [^]{1,20} tokens|This conversation has been inactive for [^]{1,60} tokens long/,
  { what: 'whether to resume the conversation whole or from a summary', fix: `${select}; it costs tokens either way, a new conversation does not (restart with --fresh)` },
]

const startDialogs: [RegExp, Dialog][] = [
  [/Yes, I trust this folder/, { what: 'whether this folder is trusted', fix: `“No, exit” is preselected: ${select}` }],
  [/Do you want to use this API key/i, { what: 'whether to use the API key in its environment', fix: `“No” is preselected: ${select}` }],
  [/running in Bypass Permissions mode/, { what: 'whether bypass mode is meant', fix: `“No, exit” is preselected: ${select}` }],
  [/New MCP servers? found in this project/, { what: 'whether to use the MCP servers of .mcp.json', fix: `${select}; or answer once for good: run \`claude\` in the folder` }],
  [/Allow external CLAUDE\.md file imports/, { what: 'whether CLAUDE.md may import files from outside the folder', fix: `“No” is preselected: ${select}` }],
  resumeDialog,
  [/Let's get started|Choose the text style/, { what: 'its first set-up', fix: 'run `claude` once by yourself and finish it' }],
  [/Unable to connect to Anthropic/, { what: 'its first set-up, for which it cannot reach Anthropic', fix: 'check the network, then run `claude` once by yourself' }],
  [/Select login method|Paste code here/, { what: 'a login', fix: 'log in there, or run `claude` once by yourself, or set ANTHROPIC_API_KEY' }],
  [/hooks? need review|Settings? (Error|need)|managed settings/i, { what: 'a review of settings', fix: select }],
]

/** Dialogs that come up in a running session without a hook that names them. */
const openDialogs: [RegExp, Dialog][] = [
  resumeDialog,
  [/Auto mode can't check actions/, { what: 'how to go on without auto mode’s check', fix: 'Escape leaves it; another permission_mode spares it' }],
  [/Exit plan mode\?|Ready to code\?|Would you like to proceed\?/, { what: 'approval of its plan', fix: select }],
  [/Do you want to (proceed|make this edit|create|overwrite)|Do you want to allow/, { what: 'a permission', fix: `${select}; Escape refuses` }],
  [/What do you want to do\?[^]*(limit|usage|credits)|usage credits/i, { what: 'what to do about a used-up usage limit', fix: `${select}; waiting for the reset costs nothing` }],
  [/Select login method|Paste code here/, { what: 'a login', fix: 'log in there; Escape leaves it' }],
  [/\d\. (Type something|Chat about this)/, { what: 'an answer to its question', fix: `${select}; Escape declines to answer` }],
  [/Select model/, { what: 'a choice of model', fix: 'somebody opened it: Escape leaves it' }],
  [/Resume session/, { what: 'a choice of conversation', fix: 'somebody opened it: Escape leaves it' }],
  [/Rewind|Restore the code/, { what: 'a point to go back to', fix: 'somebody opened it: Escape leaves it' }],
]

/** What Claude asks before it has a session, or null. Nothing that an agent says is on such a screen. */
export function findStartDialog(screen: string): Dialog | null {
  return startDialogs.find(([pattern]) => pattern.test(screen))?.[1] ?? null
}

/**
 * What a running session asks: looked for below the rule that Claude draws above a dialog, so that what stands in the
 * conversation is not taken for one. null: none that is known.
 */
export function findOpenDialog(screen: string): Dialog | null {
  const lines = screen.trimEnd().split('\n')
  const rule = lines.findLastIndex((line) => /^[─▔]{10}/.test(line))
  const shown = lines.slice(rule + 1).join('\n')
  return openDialogs.find(([pattern]) => pattern.test(shown))?.[1] ?? null
}

export const unknownDialog: Dialog = { what: 'unknown', fix: 'its last lines stand in the evidence; Escape leaves most dialogs' }

const shownLines = 6

/** The end of a screen as evidence: short, with nothing a terminal would obey. */
export function lastLines(screen: string): string {
  const lines = screen.split('\n').filter((line) => /[\p{L}\p{N}]/u.test(line))
  return lines
    .slice(-shownLines)
    .map((line) => short(line.trim()))
    .join(' / ')
}

/** What a PermissionRequest asks for. The tool's input is the model's own words. */
export function askedBy(tool: string, input: unknown): Dialog & { evidence: string } {
  const words = wordsOf(input)
  const evidence = `asks for ${short(tool)}${words === '' ? '' : `: ${words}`}`
  if (tool === 'AskUserQuestion') return { what: `an answer to its question${words === '' ? '' : `: ${words}`}`, fix: `${select}; Escape declines to answer`, evidence }
  if (tool === 'ExitPlanMode') return { what: 'approval of its plan', fix: `${select}; Escape keeps it planning`, evidence }
  return { what: `permission for ${short(tool)}`, fix: `${select}; Escape refuses. permission_mode and the permission rules decide what is asked`, evidence }
}

const telling = ['command', 'file_path', 'url', 'question', 'description', 'pattern']

function wordsOf(input: unknown): string {
  if (typeof input !== 'object' || input === null) return ''
  const fields = new Map(Object.entries(input))
  const questions: unknown = fields.get('questions')
  if (Array.isArray(questions)) return wordsOf(questions[0])
  const found = telling.map((name) => fields.get(name)).find((value) => typeof value === 'string')
  return typeof found === 'string' ? short(found) : ''
}
