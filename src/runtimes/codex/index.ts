import { join } from 'node:path'
import type { Abilities, Runtime, Session, SessionContext } from '../../core/runtime.ts'
import type { Mode, RuntimeDescriptor } from '../../core/team.ts'
import { taskAbilities } from '../lane/task.ts'
import { codexFiles } from './files.ts'
import { findConversation } from './known.ts'
import { launcher, type CodexMode } from './launch.ts'
import { personsHome } from './home.ts'
import { hasCredentials, noCredentials } from './login.ts'
import { looks } from './looks.ts'
import { oneshotSession } from './oneshot.ts'
import { personal, told } from './person.ts'
import { program } from './program.ts'
import { CodexSession } from './session.ts'
import { CodexStream } from './stream-session.ts'

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
  settings: ['effort', 'mcps'],
}

const abilities: Readonly<Record<CodexMode, Abilities>> = { terminal, protocol: { ...terminal, compact: false }, oneshot: taskAbilities({ ...terminal, prompts: false }) }

const open: Readonly<Record<CodexMode, (context: SessionContext) => Session>> = { terminal: (context) => new CodexSession(context), protocol: (context) => new CodexStream(context), oneshot: oneshotSession }

/** Codex, in a terminal that is connected to an app-server of its own, or on one task. How it was found to behave: docs/decisions/codex-signals.md. */
export function codex(_descriptor: RuntimeDescriptor | null = null, mode: Mode = 'terminal'): Runtime {
  const installed = program()
  const how: CodexMode = mode
  return {
    name: 'codex',
    abilities: abilities[how],
    health: async (host) => {
      const found = await installed.health(host)
      if (!found.installed) return found
      const own = await personal(host.home, host.env)
      const authenticated = await hasCredentials(host.home, host.env, own)
      const missing = authenticated || (own.provider === null && !own.keyring) ? [] : [noCredentials(own).message]
      return { ...found, features: { ...found.features, authenticated }, notes: [...missing, ...told(own)] }
    },
    launch: launcher(how),
    findConversation,
    // Over its protocol, and on one task, the terminal is a view that somebody else draws.
    ...(how === 'terminal' ? { looks } : {}),
    guarded: (host, folder) => ({ users: [join(personsHome(host.home, host.env), 'config.toml')], own: [codexFiles(folder).launched] }),
    open: open[how],
  }
}
