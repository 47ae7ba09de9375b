import { createHash } from 'node:crypto'
import type { FailureClass } from '../../core/restart.ts'
import type { Results } from './protocol.ts'
import type { Toml } from './toml.ts'

/** One command hook of Codex's, as its config file has it. */
export interface CommandHook {
  event: 'PreToolUse' | 'PermissionRequest'
  command: string
  /** Codex goes on without an answer after that. s */
  timeout: number
}

/**
 * The part of config.toml with the hooks and their trust. Codex skips a hook silently that nobody trusted: the hash of what it
 * is stands beside it, as Codex writes it down when a person says yes. Whether Codex sees it the same way, `hooks/list` tells.
 */
export function hooksOf(config: string, hooks: readonly CommandHook[]): { [key: string]: Toml } {
  const entries = hooks.map(({ event, command, timeout }) => [event, [{ hooks: [{ type: 'command', command, timeout }] }]] as const)
  const state = hooks.map((hook) => [keyOf(config, hook.event), { trusted_hash: hashOf(hook) }] as const)
  return { ...Object.fromEntries(entries), state: Object.fromEntries(state) }
}

function keyOf(config: string, event: CommandHook['event']): string {
  return `${config}:${snake(event)}:0:0`
}

/** Whether Codex runs the hook of this config file that holds calls. It skips hooks in silence that it does not trust, and all of a file that it cannot read. */
export function holdsCalls({ data }: Results['hooks/list'], config: string): boolean {
  const own = data.flatMap(({ hooks }) => hooks).filter(({ key }) => key === keyOf(config, 'PreToolUse'))
  return own.some(({ enabled, trustStatus }) => enabled && trustStatus === 'trusted')
}

/** What becomes of an agent whose calls nobody would hold: it is given nothing to do. */
export const unheld = {
  class: 'config' satisfies FailureClass,
  why: 'Codex does not run the hook that holds its calls',
  until: null,
  fix: 'troupe doctor: this version of Codex may see hooks in another way; or something in `args`, or in the .codex folder of its working folder, switches hooks off',
} as const

/** SHA-256 of the hook as JSON with its members in order of their names. */
function hashOf({ event, command, timeout }: CommandHook): string {
  const identity = { event_name: snake(event), hooks: [{ async: false, command, timeout, type: 'command' }] }
  return `sha256:${createHash('sha256').update(JSON.stringify(identity)).digest('hex')}`
}

function snake(event: string): string {
  return event.replaceAll(/(?!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase()
}

/** Codex hands the command to a shell. */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)).join(' ')
}
