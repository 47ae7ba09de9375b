import { chmodSync, lstatSync, mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { TroupeError } from '../../core/error.ts'
import { run } from '../../util/spawn.ts'

/** What a tmux server and its clients may know of our environment. Agents get theirs from their launch file. */
const passed = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TERM|TMPDIR|TMUX_TMPDIR|XDG_RUNTIME_DIR)$/

export function serverEnvironment(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => passed.test(name)))
}

/** The socket of the user's own server, as tmux(1) finds it. */
export function defaultSocket(env: Record<string, string>): string {
  return join(env['TMUX_TMPDIR'] ?? '/tmp', `tmux-${process.getuid?.() ?? 0}`, 'default')
}

/** First version with client flags, `copy-mode -q` and `run-shell -C`. */
const oldest = [3, 2] as const

/** Throws where tmux is missing or too old. Development builds (`master`, `next-3.7`) count as new. */
export async function checkVersion(env: Record<string, string>): Promise<string> {
  const hint = 'install tmux 3.2 or newer (apt-get install tmux, brew install tmux)'
  const { stdout } = await run(['tmux', '-V'], { env, timeoutMs: 10_000 }).catch((cause: unknown) => {
    throw new TroupeError('unavailable', 'tmux cannot be run: it is not on the PATH', { hint, cause })
  })
  const version = stdout.trim().replace(/^tmux /, '')
  if (!isSupported(version)) {
    throw new TroupeError('incompatible', `tmux ${version} is too old: 3.2 is the oldest that troupe can drive`, { hint })
  }
  return version
}

export function isSupported(version: string): boolean {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(version) ?? []
  if (major === undefined) return version === 'master'
  return Number(major) > oldest[0] || (Number(major) === oldest[0] && Number(minor) >= oldest[1])
}

/** The folder of our own socket: only ours, 0700, so that nobody else's process can type into an agent. */
export function prepareSocketFolder(socket: string): void {
  const folder = dirname(socket)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    throw new TroupeError('denied', `${folder} is not a folder of yours, so no terminal is opened there`, {
      hint: `remove ${folder}`,
    })
  }
  if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700)
}

/** Does a server listen there? Asking starts none. Throws `unavailable` where that cannot be known. */
export function serverRuns(socket: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(socket)
    probe.setTimeout(5_000, () => probe.destroy(new Error('no answer')))
    probe.once('connect', () => (probe.destroy(), resolve(true)))
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') return resolve(false)
      reject(new TroupeError('unavailable', `the tmux server at ${socket} cannot be asked: ${error.message}`, { cause: error }))
    })
  })
}
