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
  shim: '../bin/shim.ts',
  scripted: '../bin/scripted.ts',
} as const

export type ProgramName = keyof typeof sources

export function programPath(name: ProgramName): string {
  const bundled = !import.meta.url.endsWith('.ts')
  return fileURLToPath(new URL(bundled ? `./${name}.js` : sources[name], import.meta.url))
}
