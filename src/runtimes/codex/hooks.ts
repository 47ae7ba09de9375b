import { createHash } from 'node:crypto'
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
  const state = hooks.map((hook) => [`${config}:${snake(hook.event)}:0:0`, { trusted_hash: hashOf(hook) }] as const)
  return { ...Object.fromEntries(entries), state: Object.fromEntries(state) }
}

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
