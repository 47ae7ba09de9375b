import { join } from 'node:path'
import type { Abilities, Health, Host, Runtime } from '../../core/runtime.ts'
import { lookInto } from './foreign.ts'
import { authType, personsFolder } from './home.ts'
import { launch } from './launch.ts'
import { program } from './program.ts'
import { GeminiSession } from './session.ts'

const abilities: Abilities = {
  resume: true,
  proofs: ['hook', 'record'],
  // There is no channel into an idle session but its terminal; into a running turn its hooks carry messages.
  rungs: { idle: ['paste'], busy: ['push', 'turn-end'], waiting: ['push'] },
  interrupt: true,
  images: true,
  usage: true,
  mcp: true,
  compact: false,
  gate: true,
  prompts: true,
  retries: false,
  resets: true,
  settings: ['mcps'],
}

/** Gemini CLI, driven in a terminal. How it was found to behave: docs/decisions/gemini-signals.md. */
export function gemini(): Runtime {
  const installed = program()
  return {
    name: 'gemini',
    abilities,
    health: (host) => health(installed, host),
    launch,
    lookInto,
    guarded: (host) => ({ users: [join(personsFolder(host), 'settings.json')], own: [] }),
    open: (context) => new GeminiSession(context),
  }
}

/** A missing login is a feature that is not there, no problem: a rehearsal needs none. */
async function health(installed: ReturnType<typeof program>, host: Host): Promise<Health> {
  const found = await installed.health(host)
  if (!found.installed) return found
  return { ...found, features: { ...found.features, authenticated: (await authType(host.env, personsFolder(host))) !== null } }
}
