import { join } from 'node:path'
import type { Abilities, Runtime, Session, SessionContext } from '../../core/runtime.ts'
import type { Mode, RuntimeDescriptor } from '../../core/team.ts'
import { taskAbilities } from '../lane/task.ts'
import { claudeFiles } from './files.ts'
import { claudeHome } from './home.ts'
import { findConversation } from './known.ts'
import { launcher } from './launch.ts'
import { looks } from './looks.ts'
import { oneshotSession } from './oneshot.ts'
import { claudeProgram } from './program.ts'
import { ClaudeSession } from './session.ts'
import { StreamSession } from './stream-session.ts'
import { lookInto } from './strange.ts'

const terminal: Abilities = {
  resume: true,
  proofs: ['hook', 'record'],
  // A peer's words come in through the messaging socket; a paste enters as the person at the terminal.
  rungs: { idle: ['push', 'paste'], busy: ['push', 'turn-end'], waiting: ['push'] },
  interrupt: true,
  // The messaging socket takes words alone.
  images: { message: ['paste'], tool: true },
  usage: true,
  mcp: true,
  compact: true,
  gate: true,
  prompts: true,
  retries: true,
  resets: true,
  settings: ['effort', 'hooks', 'mcps', 'skills', 'subagents', 'ultracode'],
}

const abilities: Readonly<Record<Mode, Abilities>> = {
  terminal,
  // Whoever writes, it enters as the user: the envelope says whose word it is.
  protocol: { ...terminal, proofs: ['protocol', 'record'], rungs: { idle: ['push'], busy: ['push'], waiting: ['push'] }, images: { message: ['push'], tool: true }, compact: false },
  oneshot: taskAbilities({ ...terminal, prompts: false }),
}

const open: Readonly<Record<Mode, (context: SessionContext) => Session>> = {
  terminal: (context) => new ClaudeSession(context),
  protocol: (context) => new StreamSession(context),
  oneshot: oneshotSession,
}

/** Claude Code. How it was found to behave: docs/decisions/claude-signals.md. */
export function claude(_descriptor: RuntimeDescriptor | null = null, mode: Mode = 'terminal'): Runtime {
  const program = claudeProgram()
  return {
    name: 'claude-code',
    abilities: abilities[mode],
    health: (host) => program.health(host),
    launch: launcher(mode),
    lookInto,
    findConversation,
    // Over its protocol the terminal is a view that somebody else draws.
    ...(mode === 'terminal' ? { looks } : {}),
    guarded: (host, folder) => ({ users: [join(claudeHome(host.home, host.env['CLAUDE_CONFIG_DIR'] ?? null).folder, 'settings.json')], own: [claudeFiles(folder).settings] }),
    open: open[mode],
  }
}
