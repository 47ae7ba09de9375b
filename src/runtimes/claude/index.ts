import { join } from 'node:path'
import type { Abilities, Health, Host, Runtime } from '../../core/runtime.ts'
import type { Installed } from '../installed.ts'
import { claudeFiles } from './files.ts'
import { claudeHome } from './home.ts'
import { launch } from './launch.ts'
import { hasCredentials } from './login.ts'
import { looks } from './looks.ts'
import { claudeProgram } from './program.ts'
import { ClaudeSession } from './session.ts'
import { lookInto } from './strange.ts'
import { readState } from './trust.ts'

const abilities: Abilities = {
  resume: true,
  proofs: ['hook', 'record'],
  // A peer's words come in through the messaging socket; a paste enters as the person at the terminal.
  rungs: { idle: ['push', 'paste'], busy: ['push', 'turn-end'], waiting: ['push'] },
  interrupt: true,
  images: true,
  usage: true,
  mcp: true,
  compact: true,
  gate: true,
  prompts: true,
  retries: true,
  resets: true,
  settings: ['effort', 'hooks', 'mcps', 'skills', 'subagents', 'ultracode'],
}

/** Claude Code, driven in a terminal. How it was found to behave: docs/decisions/claude-signals.md. */
export function claude(): Runtime {
  const program = claudeProgram()
  return {
    name: 'claude-code',
    abilities,
    health: (host) => health(program, host),
    launch,
    lookInto,
    looks,
    guarded: (host, folder) => ({ users: [join(claudeHome(host.home, host.env['CLAUDE_CONFIG_DIR'] ?? null).folder, 'settings.json')], own: [claudeFiles(folder).settings] }),
    open: (context) => new ClaudeSession(context),
  }
}

/** A missing login is a feature that is not there, no problem: a rehearsal needs none. */
async function health(program: Installed, host: Host): Promise<Health> {
  const found = await program.health(host)
  if (!found.installed) return found
  const home = claudeHome(host.home, host.env['CLAUDE_CONFIG_DIR'] ?? null)
  // What is wrong with the file is said at launch, where it matters.
  const state = await readState(home.stateFile).catch(() => ({}))
  return { ...found, features: { ...found.features, authenticated: await hasCredentials(host.env, home, state) } }
}
