import { join } from 'node:path'
import type { Abilities, Host, Runtime, Session, SessionContext } from '../../core/runtime.ts'
import type { Mode, RuntimeDescriptor } from '../../core/team.ts'
import { taskAbilities } from '../lane/task.ts'
import { opencodeFiles } from './files.ts'
import { launcher } from './launch.ts'
import { looks } from './looks.ts'
import { oneshotSession } from './oneshot.ts'
import { opencodeProgram } from './program.ts'
import { OpencodeSession } from './session.ts'
import { lookInto } from './strange.ts'

const terminal: Abilities = {
  resume: true,
  proofs: ['protocol', 'record'],
  rungs: { idle: ['push'], busy: ['push'], waiting: ['push'] },
  interrupt: true,
  images: { message: ['push'], tool: true },
  usage: true,
  mcp: true,
  compact: true,
  gate: true,
  prompts: true,
  retries: true,
  resets: true,
  settings: ['effort', 'mcps', 'skills'],
}

/** What a run does not tell of retries, and of the wait that a provider asks for, the plugin does. */
const oneshot = taskAbilities({ ...terminal, prompts: false })

const modes = {
  terminal: { abilities: terminal, open: (context: SessionContext): Session => new OpencodeSession(context) },
  oneshot: { abilities: oneshot, open: (context: SessionContext): Session => oneshotSession(context) },
}

/** OpenCode, driven in a terminal by the HTTP API that it opens itself. How it was found to behave: docs/decisions/opencode-signals.md. */
export function opencode(_descriptor: RuntimeDescriptor | null = null, mode: Mode = 'terminal'): Runtime {
  // Config refuses the others.
  const how = mode === 'oneshot' ? 'oneshot' : 'terminal'
  const program = opencodeProgram()
  return {
    name: 'opencode',
    abilities: modes[how].abilities,
    health: (host) => program.health(host),
    launch: launcher(how),
    lookInto,
    // Without a screen of its own the terminal is a view that somebody else draws.
    ...(how === 'terminal' ? { looks } : {}),
    guarded: (host, folder) => ({ users: usersFiles(host), own: [opencodeFiles(folder).gate] }),
    open: modes[how].open,
  }
}

function usersFiles({ env, home }: Host): string[] {
  const folder = join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'opencode')
  return ['opencode.json', 'opencode.jsonc'].map((name) => join(folder, name))
}
