import type { Abilities, Runtime } from '../../core/runtime.ts'
import { launch } from './launch.ts'
import { Program } from './program.ts'
import { ClaudeSession } from './session.ts'

const abilities: Abilities = {
  resume: true,
  proofs: ['hook', 'record'],
  // A peer's words come in through the messaging socket; a paste enters as the person at the terminal.
  rungs: { idle: ['push', 'paste'], busy: ['push', 'turn-end'], waiting: ['push'] },
  interrupt: true,
  usage: true,
  mcp: true,
}

/** Claude Code, driven in a terminal. How it was found to behave: docs/decisions/claude-signals.md. */
export function claude(): Runtime {
  const program = new Program()
  return {
    name: 'claude-code',
    abilities,
    health: (host) => program.health(host),
    launch,
    open: (context) => new ClaudeSession(context),
  }
}
