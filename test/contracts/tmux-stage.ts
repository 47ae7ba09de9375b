import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { tmux, type TmuxOptions } from '../../src/supervisors/tmux/index.ts'
import type { Supervisor } from '../../src/core/supervisor.ts'
import { programPath } from '../../src/util/programs.ts'
import { run } from '../../src/util/spawn.ts'
import type { Stage } from './supervisor.ts'

/** A stage with tmux servers of its own: the machine's default server is out of reach (TMUX_TMPDIR). */
export interface TmuxStage extends Stage {
  /** Socket of the server in use. */
  socket: string
  options: TmuxOptions
  again(changes?: Partial<TmuxOptions>): Supervisor
  /** Runs tmux from outside, on the server in use. */
  tmux(...args: string[]): Promise<string>
}

/** Names that would do harm wherever they were not quoted. */
const hostileName = (address: string) => join('logs', `${Buffer.from(address).toString('base64url')} $(x)'#{pid}%H #[x].log`)

export async function tmuxStage(
  mode: 'own' | 'default',
  { logName = hostileName, ...more }: Partial<TmuxOptions> & { logName?: (address: string) => string } = {},
): Promise<TmuxStage> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-tmux-'))
  const specs = join(folder, 'specs')
  const tmuxFolder = join(folder, 'servers')
  for (const each of [specs, tmuxFolder]) mkdirSync(each)
  const own = join(folder, 'sockets', 'tmux.sock')
  const socket = mode === 'own' ? own : join(tmuxFolder, `tmux-${process.getuid?.()}`, 'default')
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, LANG: 'C.UTF-8', TERM: 'xterm-256color', TMUX_TMPDIR: tmuxFolder, SECRET: 'not for the server' }
  const options: TmuxOptions = {
    socket: mode === 'own' ? own : null,
    prefix: () => 'a-',
    teamRoot: join(folder, 'team'),
    specs,
    logFile: (address) => join(folder, logName(address)),
    launcher: [process.execPath, programPath('launcher')],
    clock: systemClock,
    limits: () => ({ logBytes: 10 * 1024 * 1024, logFiles: 5 }),
    env,
    ...more,
  }
  const made: ReturnType<typeof tmux>[] = []
  const make = (changes: Partial<TmuxOptions> = {}) => {
    const supervisor = tmux({ ...options, ...changes })
    made.push(supervisor)
    return supervisor
  }
  const outside = async (...args: string[]) => (await run(['tmux', '-S', socket, ...args], { env, timeoutMs: 10_000 })).stdout
  return {
    folder,
    specs,
    socket,
    options,
    supervisor: make(),
    again: make,
    stranger: () => (mode === 'default' ? make({ teamRoot: join(folder, 'other team') }) : null),
    tmux: outside,
    async end() {
      for (const supervisor of made) await supervisor.close()
      try {
        await make().down()
      } finally {
        await outside('kill-server')
        rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
      }
    },
  }
}
