import { spawnSync } from 'node:child_process'
import { say, SetupError } from './say.mjs'

/**
 * Runs one command of the set-up without stdin. Its output is kept back and shown only if it fails.
 * @param {{ what: string, argv: string[], cwd: string, hint: string, env?: Record<string, string> }} step
 */
export function runStep({ what, argv, cwd, hint, env = {} }) {
  const started = Date.now()
  say(`set-up: ${what} (${argv.join(' ')})`)
  const [program, ...args] = argv
  const done = spawnSync(program, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 900_000,
    maxBuffer: 64 * 1024 * 1024,
  })
  if (done.status !== 0) {
    const how = done.error?.message ?? (done.signal === null ? `exit ${done.status}` : `ended by ${done.signal}`)
    throw new SetupError(`set-up failed: ${what}: ${how}`, `${done.stdout ?? ''}\n${done.stderr ?? ''}`, hint)
  }
  say(`set-up: done in ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

export const npmHint = 'check that the npm registry can be reached (npm ping), then run the same command again'

/** npm without its asides. */
export const npm = (...args) => ['npm', ...args, '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error']
