import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Where troupe's own programs are: beside this file once bundled (dist/<name>.js), in their folders
 * when the sources run as they are.
 */
const sources = {
  troupe: '../cli/main.ts',
  daemon: '../server/main.ts',
  launcher: '../bin/launcher.ts',
  keeper: '../bin/keeper.ts',
  hook: '../bin/hook.ts',
  gate: '../bin/gate.ts',
  pair: '../bin/pair.ts',
  shim: '../bin/shim.ts',
  scripted: '../bin/scripted.ts',
  lane: '../bin/lane.ts',
  checkpointer: '../store/checkpointer.ts',
} as const

export type ProgramName = keyof typeof sources

export function programPath(name: ProgramName): string {
  const bundled = !import.meta.url.endsWith('.ts')
  return fileURLToPath(new URL(bundled ? `./${name}.${name === 'troupe' ? 'cjs' : 'js'}` : sources[name], import.meta.url))
}

/**
 * The first of the files that an agent's start needs and that is not there: a release that was removed while its daemon
 * runs. Null where all are there.
 */
export function missingProgram(): string | null {
  const needed = [process.execPath, ...(['launcher', 'hook', 'gate', 'pair', 'shim', 'scripted', 'lane'] as const).map(programPath)]
  return needed.find((file) => !existsSync(file)) ?? null
}

/** argv of the keeper of one team root. Absolute paths; nothing secret. */
export function keeperCommand(options: { node: readonly string[]; keeper: string; daemon: string; root: string; socket: string; log: string }): string[] {
  const { node, keeper, daemon, root, socket, log } = options
  return [...node, keeper, '--root', root, '--socket', socket, '--log', log, '--daemon', daemon]
}

/** A team that ships with troupe: `examples/<name>` of the package, from the sources and from the bundle alike. */
export function examplePath(name: string): string {
  const up = import.meta.url.endsWith('.ts') ? '../../examples/' : '../examples/'
  return fileURLToPath(new URL(`${up}${name}`, import.meta.url))
}
