import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import { TroupeError } from '../../core/error.ts'
import type { Observed, Pane, ProcessSpec, StopHow, StopRecord, Supervisor, Typing } from '../../core/supervisor.ts'
import type { Address } from '../../core/team.ts'
import { writeAtomic } from '../../util/atomic-write.ts'
import { shared } from '../../util/shared.ts'
import type { MakeSupervisor } from '../index.ts'
import type { Connection } from './connection.ts'
import { end, endStragglers } from './ending.ts'
import { Host } from './host.ts'
import { prepareLog } from './logs.ts'
import { hiddenName, sessionName } from './names.ts'
import { launchCommands, type Terminal } from './panes.ts'
import { noticeCommands } from './notice.ts'
import { listTerminals } from './listing.ts'
import { command } from './quote.ts'
import { typingCommands } from './typing.ts'
import { until } from './until.ts'
import { removeStaleSpecs, specFile } from './specs.ts'
import { Watch } from './watch.ts'

export interface TmuxOptions {
  /** Socket of the team's own server; null: the user's default server, whose settings are left alone. */
  socket: string | null
  /** Begins every session's name. */
  prefix(): string
  /** Real path. Terminals of other roots on the same server are never seen or touched. */
  teamRoot: string
  /** Folder of one-time launch specs. */
  specs: string
  logFile(address: Address): string
  /** argv prefix that takes a launch spec and becomes its program. */
  launcher: readonly string[]
  clock: Clock
  limits(): { logBytes: number; logFiles: number }
  /** Where tmux is found and which socket is the user's: PATH, HOME, TMUX_TMPDIR, locale. Nothing else goes on. */
  env: Record<string, string>
}

export const fromContext: MakeSupervisor = ({ root, settings, teamNow, clock, tmuxSocket, specs, agentFolder, launcher, env }) =>
  tmux({
    socket: settings.tmuxServer === 'own' ? tmuxSocket : null,
    prefix: () => teamNow().supervisor.tmuxPrefix,
    teamRoot: root,
    specs,
    logFile: (address) => {
      const [project = '', agent = ''] = address.split(':')
      return join(agentFolder(project, agent), 'supervisor.log')
    },
    launcher,
    clock,
    limits: () => teamNow().limits,
    env,
  })

/** Agents in terminals of a tmux server: the team's own on a private socket, or the user's. */
export function tmux(options: TmuxOptions): Supervisor {
  return new Tmux(options)
}

class Tmux implements Supervisor {
  readonly name = 'tmux'
  readonly #options: TmuxOptions
  readonly #hidden: string
  readonly #host: Host
  readonly #watch: Watch
  /** Where each incarnation sits, as last listed. Forgotten with the connection: a new server counts panes anew. */
  readonly #places = new Map<string, Terminal>()
  #starting: Promise<void> | null = null

  constructor(options: TmuxOptions) {
    this.#options = options
    this.#hidden = hiddenName(options.teamRoot)
    const { socket, env, clock } = options
    const onChange = () => this.#watch.wake()
    const onLost = () => this.#places.clear()
    this.#host = new Host({ socket, hidden: this.#hidden, env, clock, onChange, onLost })
    this.#watch = new Watch({ clock, limits: options.limits, logFile: options.logFile, look: () => this.#look(), nudge: () => this.#host.nudge() })
  }

  start(): Promise<void> {
    return (this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = null
      throw error
    }))
  }

  async launch(spec: ProcessSpec): Promise<Pane> {
    const connection = await this.#server()
    const held = (await this.#terminals(connection)).find((each) => each.address === spec.address)
    if (held?.incarnation === spec.incarnation) return { pane: held.pane, pid: held.pid }
    if (held !== undefined) throw taken(spec, `incarnation ${held.incarnation} still has its terminal`)
    const file = specFile(this.#options.specs, spec.incarnation)
    const log = this.#options.logFile(spec.address)
    prepareLog(log)
    writeAtomic(file, JSON.stringify({ argv: spec.argv, env: spec.env, cwd: spec.cwd }))
    try {
      const session = sessionName(this.#options.prefix(), spec.address)
      const place = { session, hidden: this.#hidden, teamRoot: this.#options.teamRoot, log, argv: [...this.#options.launcher, file] }
      const [[made = ''] = []] = await connection.request(...launchCommands(spec, place))
      const [pane = '', pid] = made.split(' ')
      const { address, incarnation } = spec
      this.#places.set(incarnation, { address, incarnation, pane, pid: Number(pid), session, piped: true, undecided: false, state: { alive: true } })
      return { pane, pid: Number(pid) }
    } catch (error) {
      rmSync(file, { force: true })
      if (error instanceof TroupeError && error.message.includes('duplicate session')) throw taken(spec, error.message)
      throw error
    }
  }

  async list(): Promise<Observed[]> {
    const { terminals } = (await this.#look()) ?? { terminals: [] }
    return terminals.map(({ address, incarnation, pane, pid, state }) => ({ address, incarnation, pane, pid, state }))
  }

  async stop(incarnation: string, how: StopHow): Promise<StopRecord> {
    const { clock } = this.#options
    const type = (input: Typing[]) => this.type(incarnation, input)
    const record = await end(how, { incarnation, clock, type, observe: () => this.#find(incarnation) })
    await this.#remove(incarnation)
    return record
  }

  async sweep(incarnation: string): Promise<void> {
    await endStragglers({ incarnation, clock: this.#options.clock })
  }

  async clear(incarnation: string): Promise<void> {
    const found = await this.#find(incarnation)
    if (found?.state.alive === true) {
      throw new TroupeError('conflict', `incarnation ${incarnation} of ${found.address} still runs`, { hint: 'stop it first' })
    }
    await this.sweep(incarnation)
    await this.#remove(incarnation)
  }

  async screen(incarnation: string, options: { lines?: number; escapes?: boolean } = {}): Promise<string> {
    const { connection, pane } = await this.#place(incarnation)
    const from = options.lines === undefined ? [] : ['-S', `-${options.lines}`]
    const lines = await connection.read(command('capture-pane', '-p', ...(options.escapes === true ? ['-e'] : []), ...from, '-t', pane))
    return lines.join('\n')
  }

  async type(incarnation: string, input: Typing[]): Promise<void> {
    const { connection, pane } = await this.#place(incarnation)
    const flags = input.some((step) => 'paste' in step) ? await this.#host.pasteFlags() : null
    const [dead] = await connection.request(...typingCommands(pane, input, flags))
    if (dead?.[0] === '1') throw new TroupeError('failed', `incarnation ${incarnation} has ended: nobody reads what is typed`)
  }

  async notice(incarnation: string, text: string | null): Promise<void> {
    if (this.#options.socket === null) return
    const { connection, pane } = await this.#place(incarnation)
    await connection.request(...noticeCommands(pane, text))
  }

  subscribe(listener: () => void): () => void {
    return this.#watch.subscribe(listener)
  }

  attachCommand(incarnation: string, rw: boolean): string[] {
    const place = this.#places.get(incarnation)
    if (place === undefined) throw unknown(incarnation)
    return ['tmux', '-S', this.#host.socket, 'attach', ...(rw ? [] : ['-r']), '-t', `=${place.session}`]
  }

  logFile(address: Address): string {
    return this.#options.logFile(address)
  }

  async close(): Promise<void> {
    this.#watch.stop()
    this.#host.close()
    this.#starting = null
  }

  async down(): Promise<void> {
    const held = await this.list()
    await Promise.all(held.map(({ incarnation }) => this.stop(incarnation, { polite: 'signal', graceMs: 0 })))
    await this.#endHost()
    await this.close()
  }

  async #start(): Promise<void> {
    const connection = await this.#server()
    const terminals = await this.#terminals(connection)
    removeStaleSpecs(this.#options.specs, new Set(terminals.filter(({ state }) => state.alive).map(({ incarnation }) => incarnation)))
    this.#watch.start()
  }

  async #server(): Promise<Connection> {
    const connection = await this.#host.reach(true)
    if (connection === null) throw new TroupeError('internal', 'a tmux server that was to be started is not there')
    return connection
  }

  async #terminals(connection: Connection): Promise<Terminal[]> {
    const found = await listTerminals(connection, this.#options.teamRoot)
    this.#places.clear()
    for (const each of found) this.#places.set(each.incarnation, each)
    return found
  }

  readonly #look = shared(async (): Promise<{ connection: Connection; terminals: Terminal[] } | null> => {
    const connection = await this.#host.reach(false)
    this.#host.nudge()
    return connection === null ? null : { connection, terminals: await this.#terminals(connection) }
  })

  async #find(incarnation: string): Promise<Terminal | undefined> {
    return (await this.#look())?.terminals.find((each) => each.incarnation === incarnation)
  }

  async #place(incarnation: string): Promise<{ connection: Connection; pane: string }> {
    const connection = await this.#host.reach(false)
    if (connection === null) throw unknown(incarnation)
    if (!this.#places.has(incarnation)) await this.#terminals(connection)
    const place = this.#places.get(incarnation)
    if (place === undefined) throw unknown(incarnation)
    return { connection, pane: place.pane }
  }

  async #remove(incarnation: string): Promise<void> {
    const look = await this.#look()
    const found = look?.terminals.find((each) => each.incarnation === incarnation)
    if (look !== null && found !== undefined) await look.connection.request(command('kill-pane', '-t', found.pane))
    this.#places.delete(incarnation)
  }

  async #endHost(): Promise<void> {
    const { socket, clock } = this.#options
    const connection = await this.#host.reach(false)
    if (connection === null) return
    const last = socket === null ? command('kill-session', '-t', `=${this.#hidden}`) : command('kill-server')
    await connection.request(last).catch((error: unknown) => {
      if (!connection.closed) throw error // the answer may be lost with the server: that is what was asked for
    })
    if (!(await until(clock, 5_000, async () => connection.closed))) {
      throw new TroupeError('failed', 'the tmux server did not end when told to')
    }
    if (socket !== null) rmSync(socket, { force: true }) // tmux leaves it
  }
}

function unknown(incarnation: string): TroupeError {
  return new TroupeError('unknown', `there is no terminal of incarnation ${incarnation}`, { hint: 'troupe ps shows what runs' })
}

function taken(spec: ProcessSpec, why: string): TroupeError {
  return new TroupeError('conflict', `${spec.address} cannot get a terminal: ${why}`, {
    hint: 'end or clear what holds it first (tmux ls shows sessions of others)',
  })
}
