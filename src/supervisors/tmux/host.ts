import { existsSync } from 'node:fs'
import type { Clock } from '../../core/clock.ts'
import { TroupeError } from '../../core/error.ts'
import { leftBehind, signalProcess } from '../../util/processes.ts'
import { Connection } from './connection.ts'
import { tryPastes, type PasteFlags } from './paste-trial.ts'
import { command } from './quote.ts'
import { checkVersion, defaultSocket, prepareSocketFolder, serverEnvironment, serverRuns } from './server.ts'

export interface HostOptions {
  /** null: the user's default server. */
  socket: string | null
  /** Session of ours that the control client sits in. */
  hidden: string
  env: Record<string, string>
  clock: Clock
  /** Something on the server changed. */
  onChange(): void
  /** The connection to it was lost, and with it what pane ids mean. */
  onLost(): void
}

interface Joined {
  connection: Connection
  /** Process id of the server. */
  server: number
  paste: Trial
}

/** How this server pastes: tried once for each connection, at once; tried again where no answer came. */
type Trial = () => Promise<PasteFlags>

type State =
  | { name: 'apart' }
  | { name: 'reaching'; starts: boolean; attempt: Promise<Joined | null> }
  | ({ name: 'joined' } & Joined)

/** Settings of a server that is ours alone. A user's server keeps the user's. */
const ownSettings = [
  command('set-option', '-s', 'exit-empty', 'off'),
  command('set-option', '-s', 'escape-time', '0'),
  command('set-option', '-g', 'history-limit', '5000'),
  command('set-option', '-g', 'default-terminal', 'tmux-256color'),
  // What somebody who looks in has to know: whose terminal it is, whether they may type, and how to leave.
  command('set-option', '-g', 'status-style', 'fg=default,bg=default,dim'),
  command('set-option', '-g', 'status-left', '#{?@teamctl-agent,#{@teamctl-project}:#{@teamctl-agent},} '),
  command('set-option', '-g', 'status-left-length', '80'),
  command('set-option', '-g', 'status-right', '#{?client_readonly,read-only; ,}Ctrl-b d leaves'),
  command('set-option', '-g', 'window-status-format', ''),
  command('set-option', '-g', 'window-status-current-format', ''),
]

/** Keeps one control connection to one tmux server, and the server itself where it is ours. */
export class Host {
  readonly socket: string
  readonly #options: HostOptions
  readonly #env: Record<string, string>
  #version: Promise<string> | null = null
  #state: State = { name: 'apart' }

  constructor(options: HostOptions) {
    this.#options = options
    this.#env = serverEnvironment(options.env)
    this.socket = options.socket ?? defaultSocket(this.#env)
  }

  /**
   * The connection, made new where it was lost. Where no server runs: started if `starts`, else null, which is
   * certain knowledge. Throws `unavailable` where it cannot be known. Concurrent callers share one attempt.
   */
  async reach(starts: boolean): Promise<Connection | null> {
    if (this.#state.name === 'joined' && !this.#state.connection.closed) {
      if (this.#options.socket !== null && !existsSync(this.socket)) this.#signal(this.#state.server, 'SIGUSR1')
      return this.#state.connection
    }
    if (this.#state.name === 'reaching') {
      const { attempt } = this.#state
      if (this.#state.starts || !starts) return (await attempt)?.connection ?? null
      await attempt.catch(() => null)
      return await this.reach(starts)
    }
    const attempt = this.#join(starts)
    this.#state = { name: 'reaching', starts, attempt }
    try {
      const joined = await attempt
      this.#state = joined === null ? { name: 'apart' } : { name: 'joined', ...joined }
      return joined?.connection ?? null
    } catch (error) {
      this.#state = { name: 'apart' }
      throw error
    }
  }

  /** How to paste on the server that is reached now. Throws `incompatible` where no way is good. */
  async pasteFlags(): Promise<PasteFlags> {
    if (this.#state.name !== 'joined') throw new TroupeError('unavailable', 'no tmux server is reached, so nothing can be pasted')
    return await this.#state.paste()
  }

  /** The id of the control client's process, while there is one. */
  get client(): number | undefined {
    return this.#state.name === 'joined' ? this.#state.connection.pid : undefined
  }

  /**
   * Makes the server look for children that have ended. Debian's tmux 3.3a loses every second SIGCHLD (its utmp
   * library switches the signal off while it records the logout), and then never tells of the death.
   */
  nudge(): void {
    if (this.#state.name === 'joined' && !this.#state.connection.closed) this.#signal(this.#state.server, 'SIGCHLD')
  }

  /** SIGUSR1 makes a server bind its socket again: without the file, who loses the connection takes it for gone. */
  #signal(server: number, signal: 'SIGCHLD' | 'SIGUSR1'): void {
    try {
      process.kill(server, signal)
    } catch {
      // gone, or another user's: the connection tells of the first, the second cannot be helped
    }
  }

  close(): void {
    if (this.#state.name === 'joined') this.#state.connection.close()
    this.#state = { name: 'apart' }
  }

  /** A server may go between the look and the handshake: then look again. */
  async #join(starts: boolean): Promise<Joined | null> {
    this.#version ??= checkVersion(this.#env)
    await this.#version.catch((error: unknown) => {
      this.#version = null
      throw error
    })
    if (this.#options.socket !== null) prepareSocketFolder(this.#options.socket)
    for (let left = 3; ; left--) {
      if (!(await serverRuns(this.socket)) && !starts) return null
      try {
        return await this.#connect()
      } catch (error) {
        const again = error instanceof TroupeError && error.code === 'unavailable'
        if (left === 0 || !again) throw error
      }
    }
  }

  async #connect(): Promise<Joined> {
    const { hidden } = this.#options
    const connection = new Connection({
      argv: [...this.#program(), '-C', 'new-session', '-A', '-s', hidden, '-n', 'troupe', '-f', 'no-output,ignore-size', 'tail', '-f', '/dev/null'],
      env: this.#env,
      clock: this.#options.clock,
      onNotice: (line) => {
        if (tellsOfChange.test(line)) this.#options.onChange()
      },
      onClose: () => {
        this.#options.onLost()
        this.#options.onChange()
      },
    })
    try {
      const [[pid] = [], clients = []] = await connection.request(
        command('display-message', '-p', '#{pid}'),
        command('list-clients', '-t', `=${hidden}:`, '-F', '#{client_pid}'),
        command('set-option', '-t', `=${hidden}:`, 'destroy-unattached', 'off'),
        command('set-option', '-w', '-t', `=${hidden}:`, 'automatic-rename', 'off'),
        command('set-option', '-w', '-t', `=${hidden}:`, 'remain-on-exit', 'on'),
        ...(this.#options.socket === null ? [] : ownSettings),
      )
      await endLeftBehind(clients.map(Number))
      return { connection, server: Number(pid), paste: this.#trial(connection) }
    } catch (error) {
      connection.close()
      throw error
    }
  }

  #trial(connection: Connection): Trial {
    const { clock, hidden } = this.#options
    let trying: Promise<PasteFlags> | null = null
    const trial = () =>
      (trying ??= tryPastes(connection, clock, hidden).catch((error: unknown) => {
        if (!(error instanceof TroupeError) || error.code !== 'incompatible') trying = null
        throw error
      }))
    trial().catch(() => {}) // told to whoever wants to paste
    return trial
  }

  /** A private server reads no configuration file: what it does must not depend on whose machine it is. */
  #program(): string[] {
    return this.#options.socket === null ? ['tmux', '-u', '-L', 'default'] : ['tmux', '-u', '-f', '/dev/null', '-S', this.socket]
  }
}

/**
 * A daemon that was killed leaves its control client. tmux 3.3a may wait for ever to send that the last of its output,
 * which nobody takes, and would neither let it go nor end itself when told to.
 */
async function endLeftBehind(clients: readonly number[]): Promise<void> {
  for (const client of await leftBehind(clients)) await signalProcess(client, 'SIGKILL')
}

/** Sessions that come or go; and the renaming of our hidden window, by which the pane-died hook calls (see panes.ts). */
const tellsOfChange = /^%(sessions-changed|window-renamed)\b/
