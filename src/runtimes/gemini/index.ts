import { join } from 'node:path'
import type { Abilities, Runtime } from '../../core/runtime.ts'
import type { Mode, RuntimeDescriptor } from '../../core/team.ts'
import { taskAbilities } from '../lane/task.ts'
import { geminiFiles } from './files.ts'
import { lookInto } from './foreign.ts'
import { personsFolder } from './home.ts'
import { findConversation } from './known.ts'
import { launch } from './launch.ts'
import { oneshotSession } from './oneshot.ts'
import { program } from './program.ts'
import { looks } from './screen.ts'
import { GeminiSession } from './session.ts'

const terminal: Abilities = {
  resume: true,
  proofs: ['hook', 'record'],
  // There is no channel into an idle session but its terminal; into a running turn its hooks carry messages.
  rungs: { idle: ['paste'], busy: ['push', 'turn-end'], waiting: ['push'] },
  interrupt: true,
  images: { message: ['paste'], tool: true },
  usage: true,
  mcp: true,
  compact: true,
  gate: true,
  prompts: true,
  retries: false,
  resets: true,
  settings: ['mcps'],
}

/** Gemini CLI, in a terminal or on one task. How it was found to behave: docs/decisions/gemini-signals.md. */
export function gemini(_descriptor: RuntimeDescriptor | null = null, mode: Mode = 'terminal'): Runtime {
  const once = mode === 'oneshot'
  const installed = program()
  return {
    name: 'gemini',
    abilities: once ? taskAbilities({ ...terminal, prompts: false }) : terminal,
    health: (host) => installed.health(host),
    launch,
    findConversation,
    lookInto,
    // Without a screen of its own the terminal is a view that somebody else draws.
    ...(once ? {} : { looks }),
    guarded: (host, folder) => ({ users: [join(personsFolder(host), 'settings.json')], own: [geminiFiles(folder).policy] }),
    open: (context) => (once ? oneshotSession(context) : new GeminiSession(context)),
  }
}
