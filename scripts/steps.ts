import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

export interface Step {
  name: string
  /** A file under the root, run by this Node, with its arguments. */
  argv: string[]
  env?: Record<string, string>
}

export const types: Step = { name: 'types', argv: ['node_modules/typescript/bin/tsc', '-p', '.'] }
export const lint: Step = { name: 'lint', argv: ['node_modules/oxlint/bin/oxlint', '--deny-warnings', '.'] }
export const build: Step = { name: 'build', argv: ['scripts/build.ts'] }

/** Runs a step without stdin, its output as it comes; true if it ended with 0. */
export async function passes(step: Step): Promise<boolean> {
  const started = Date.now()
  process.stdout.write(`\n== ${step.name}\n`)
  const [file = '', ...args] = step.argv
  const child = spawn(process.execPath, [join(root, file), ...args], {
    cwd: root,
    env: { ...process.env, ...step.env },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => child.kill(signal))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (exit) => resolve(exit))
  })
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  process.stdout.write(`== ${step.name} ${code === 0 ? 'ok' : 'FAILED'} (${seconds} s)\n`)
  return code === 0
}
