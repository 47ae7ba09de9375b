import { join } from 'node:path'
import type { Abilities, Host, Runtime } from '../../core/runtime.ts'
import { opencodeFiles } from './files.ts'
import { launch } from './launch.ts'
import { looks } from './looks.ts'
import { hasCredentials, opencodeProgram } from './program.ts'
import { OpencodeSession } from './session.ts'
import { lookInto } from './strange.ts'

const abilities: Abilities = {
  resume: true,
  proofs: ['protocol', 'record'],
  rungs: { idle: ['push'], busy: ['push'], waiting: ['push'] },
  interrupt: true,
  images: true,
  usage: true,
  mcp: true,
  compact: true,
  gate: true,
  prompts: true,
  retries: true,
  resets: true,
  settings: ['effort', 'mcps', 'skills'],
}

/** OpenCode, driven in a terminal by the HTTP API that it opens itself. How it was found to behave: docs/decisions/opencode-signals.md. */
export function opencode(): Runtime {
  const program = opencodeProgram()
  return {
    name: 'opencode',
    abilities,
    health: async (host) => {
      const found = await program.health(host)
      return found.installed ? { ...found, features: { ...found.features, authenticated: await hasCredentials(host) } } : found
    },
    launch,
    lookInto,
    looks,
    guarded: (host, folder) => ({ users: usersFiles(host), own: [opencodeFiles(folder).gate] }),
    open: (context) => new OpencodeSession(context),
  }
}

function usersFiles({ env, home }: Host): string[] {
  const folder = join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'opencode')
  return ['opencode.json', 'opencode.jsonc'].map((name) => join(folder, name))
}
