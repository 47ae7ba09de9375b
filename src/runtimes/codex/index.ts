import type { Abilities, Runtime } from '../../core/runtime.ts'
import { codexFiles } from './files.ts'
import { launch } from './launch.ts'
import { hasCredentials } from './login.ts'
import { looks } from './looks.ts'
import { program } from './program.ts'
import { CodexSession } from './session.ts'

const abilities: Abilities = {
  resume: true,
  proofs: ['protocol', 'record'],
  rungs: { idle: ['push'], busy: ['push'], waiting: ['push'] },
  interrupt: true,
  images: true,
  usage: true,
  mcp: true,
  compact: false,
  gate: true,
  prompts: true,
  retries: true,
  resets: true,
  settings: ['effort', 'mcps'],
}

/** Codex, in a terminal that is connected to an app-server of its own. How it was found to behave: docs/decisions/codex-signals.md. */
export function codex(): Runtime {
  const installed = program()
  return {
    name: 'codex',
    abilities,
    health: async (host) => {
      const found = await installed.health(host)
      return found.installed ? { ...found, features: { ...found.features, authenticated: await hasCredentials(host.home, host.env) } } : found
    },
    launch,
    looks,
    guarded: (_host, folder) => ({ users: [], own: [codexFiles(folder).launched] }),
    open: (context) => new CodexSession(context),
  }
}
