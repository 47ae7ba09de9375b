import { createHash, randomBytes } from 'node:crypto'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { v7 as uuid } from 'uuid'
import { briefing } from '../core/briefing.ts'
import { acting, launchedAs, startedAs, type Launched } from '../core/duty.ts'
import { TroupeError } from '../core/error.ts'
import { enter, onEnded, witness } from '../core/plan.ts'
import type { Verdict } from '../core/gate.ts'
import type { Health, Host, Launch, LaunchContext, Programs, Runtime, SessionContext } from '../core/runtime.ts'
import type { Pane, Supervisor } from '../core/supervisor.ts'
import type { Started } from '../core/started.ts'
import { findAgent, type Agent, type Team } from '../core/team.ts'
import type { Paths } from '../config/paths.ts'
import type { Store, Tx } from '../store/store.ts'
import type { Agents } from './agents.ts'
import type { Front } from './daemon.ts'
import type { Sessions } from './sessions.ts'
import type { ToolLines } from './tool-lines.ts'
import type { Worktrees } from './worktrees/worktrees.ts'
import { openRegular } from '../util/open-regular.ts'

/** Until programs of ours that are gone are looked for again, ms. */
const missingMs = 30_000

export interface LaunchingParts {
  store: Store
  agents: Agents
  sessions: Sessions
  supervisor: Supervisor
  paths: Paths
  programs: Programs
  /** A file that a start needs and that is not there any more; null where all is well. */
  missingProgram(): string | null
  host(): Host
  team(): Team
  runtimeOf(agent: Agent): Promise<Runtime>
  healthOf(agent: Agent): Promise<Health>
  /** The environment that every agent gets besides its identity: pass-through names and declared ones. */
  environmentFor(agent: Agent): Record<string, string>
  /** What it is started with now, as hashes. */
  startedWith(agent: Agent): Started
  calls: {
    /** Its model calls go through troupe. Throws `config` where no key is there for that. */
    proxied(agent: Agent): boolean
    /** Written down with its start: whose word on what it costs counts from then on. */
    begins(tx: Tx, agent: Agent, at: number): Promise<void>
  }
  /** How the task that a one-shot agent was made for ended; null where it has none, or is not over. */
  finished(agent: Agent): Promise<'done' | 'failed' | null>
  /** With the whole text of its task. Throws `config` where nobody knows it. */
  withTask(agent: Agent): Promise<Agent>
  tools: ToolLines
  worktrees: Worktrees
  front(): Front
  /** A call that a CLI asks leave for over its protocol. */
  judge(who: { address: string; incarnation: string }, gate: Asked, signal: AbortSignal): Promise<Verdict>
  jitter(): number
}

type Asked = Parameters<SessionContext['judge']>[0]

/** Starts, adopts and names incarnations. Each step is written down before the next is taken. */
export class Launching {
  readonly #parts: LaunchingParts

  constructor(parts: LaunchingParts) {
    this.#parts = parts
  }

  /**
   * Written down first (incarnation, hash of its token), then started, then the terminal is noted. Killed after the
   * first step, the next daemon finds no terminal and forgets it; after the second, it adopts.
   */
  async launch(declared: Agent): Promise<void> {
    const { agents, supervisor, sessions } = this.#parts
    const agent = acting(declared, agents.get(declared.address))
    const missing = this.#parts.missingProgram()
    if (missing !== null) return await this.#wait(agent, missing)
    const finished = await this.#parts.finished(agent)
    if (finished !== null) return await this.#rest(agent, finished)
    const runtime = await this.#parts.runtimeOf(agent)
    const health = await this.#parts.healthOf(agent)
    if (this.#hasChanged(agent)) return
    if (health.problem !== null) return await this.#block(agent, health.problem)
    const incarnation = uuid()
    const token = randomBytes(32).toString('base64url')
    const startedAt = this.#parts.host().clock.now()
    const before = agents.get(agent.address)
    await agents.update(
      agent.address,
      (state) =>
        enter({ ...state, incarnation }, { name: 'starting' }, { at: startedAt, what: `launching ${runtime.name}`, source: 'daemon' }),
      async (tx) => {
        const tokenHash = createHash('sha256').update(token).digest('hex')
        const { session } = before
        await tx.incarnations.insert({ id: incarnation, agent: agent.address, tokenHash, pane: null, pid: null, session, startedAt, ended: null })
        await this.#parts.calls.begins(tx, agent, startedAt)
        // What it was declared as is what a change of the files is compared with, from now on.
        await tx.settings.put(`launched:${agent.address}`, this.#parts.startedWith(declared))
        await tx.settings.put(launchedKey(agent), launchedAs(agent, incarnation))
      },
    )
    // The next round forgets this launch, and begins one as it is now.
    if (this.#hasChanged(agent)) return
    let newWorktree = false
    try {
      newWorktree = await this.#parts.worktrees.ready(agent)
      const launch = await runtime.launch(await this.#context(agent, incarnation, token, health, before.session))
      await supervisor.start()
      const pane = await supervisor.launch(launch.spec)
      await this.#started(agent, incarnation, launch, pane)
      sessions.open(runtime, await this.#sessionContext(agent, incarnation, pane.pid, startedAt, launch.session ?? before.session))
    } catch (error) {
      await this.#failed(agent, incarnation, startedAt, error)
      if (newWorktree) await this.#parts.worktrees.undo(agent)
    }
  }

  /** The files were applied, or another runtime took over, while its CLI was looked at. */
  #hasChanged(agent: Agent): boolean {
    const declared = findAgent(this.#parts.team(), agent.address)
    return declared === undefined || JSON.stringify(acting(declared, this.#parts.agents.get(agent.address))) !== JSON.stringify(agent)
  }

  /** Takes up a process that an earlier daemon started, as what it was started: its successor may be another program. */
  async adopt(declared: Agent, incarnation: string, { pane, pid }: Pane): Promise<void> {
    const { store, agents, sessions } = this.#parts
    const { row, launched } = await store.read(async (db) => ({
      row: await db.incarnations.get(incarnation),
      launched: (await db.settings.get(launchedKey(declared))) as Launched | undefined,
    }))
    if (row === undefined) throw new TroupeError('internal', `incarnation ${incarnation} of ${declared.address} is not in the store`)
    const next = acting(declared, agents.get(declared.address))
    const agent = startedAs(declared, launched, incarnation) ?? next
    const runtime = await this.#parts.runtimeOf(agent)
    await this.#parts.front().endpoints.open(incarnation)
    const at = this.#parts.host().clock.now()
    await agents.update(
      agent.address,
      (state) => witness(state, { at, what: `adopted, process ${pid}`, source: 'daemon' }),
      async (tx) => {
        // The daemon that started it may have died before it could note the terminal.
        await tx.incarnations.update(incarnation, { pane, pid })
        await tx.journal({ type: 'agent.adopted', subject: agent.address, agent: agent.address, data: { incarnation, pid } })
      },
    )
    const session = agent.runtime === next.runtime ? agents.get(agent.address).session : row.session
    sessions.open(runtime, await this.#sessionContext(agent, incarnation, pid, row.startedAt, session))
  }

  async #started(agent: Agent, incarnation: string, launch: Launch, pane: Pane): Promise<void> {
    const at = this.#parts.host().clock.now()
    const notices = launch.notices.map((what) => ({ at, what, source: 'runtime' }))
    await this.#parts.agents.update(
      agent.address,
      (state) => notices.reduce(witness, { ...state, session: launch.session ?? state.session }),
      async (tx) => {
        await tx.incarnations.update(incarnation, { ...pane, session: launch.session })
        const data = { incarnation, ...pane, runtime: agent.runtime, notices: launch.notices }
        await tx.journal({ type: 'agent.launched', subject: agent.address, agent: agent.address, data })
      },
    )
  }

  /** A launch that did not come about: what is wrong with the call blocks, anything else goes through the restart policy. */
  async #failed(agent: Agent, incarnation: string, startedAt: number, error: unknown): Promise<void> {
    const endedAt = this.#parts.host().clock.now()
    const why = error instanceof Error ? error.message : String(error)
    const lasting = error instanceof TroupeError && ['config', 'denied', 'unknown', 'usage'].includes(error.code)
    const fix = error instanceof TroupeError && error.hint !== undefined ? { fix: error.hint } : {}
    const failure = lasting
      ? { class: 'config' as const, why, until: null, ...fix }
      : { class: 'crash' as const, why: `the launch failed: ${why}`, until: null }
    const ended = { code: null, signal: null, endedAt, failure }
    await this.#parts.front().endpoints.close(incarnation)
    await this.#parts.supervisor.sweep(incarnation)
    await this.#parts.agents.update(
      agent.address,
      (state) => onEnded(state, agent, { ...ended, startedAt }, this.#parts.jitter()),
      async (tx) => {
        await tx.incarnations.update(incarnation, { ended })
        await tx.journal({ type: 'agent.launch-failed', subject: agent.address, agent: agent.address, data: { incarnation, why } })
      },
    )
  }

  /** No fault of the agent's: it counts as no end, and is tried again until the programs are back or another daemon takes over. */
  async #wait(agent: Agent, missing: string): Promise<void> {
    const at = this.#parts.host().clock.now()
    const why = `troupe’s own program ${missing} is gone: it was updated or removed`
    const phase = { name: 'parked', until: at + missingMs, why, fix: 'troupe daemon restart' } as const
    await this.#parts.agents.update(agent.address, (state) => enter(state, phase, { at, what: why, source: 'daemon' }))
  }

  /** T13: a start does what is over not once more. */
  async #rest(agent: Agent, why: 'done' | 'failed'): Promise<void> {
    const at = this.#parts.host().clock.now()
    const what = 'its task is over; troupe resume gives it more to do'
    await this.#parts.agents.update(agent.address, (state) => enter(state, { name: 'stopped', why, code: null }, { at, what, source: 'task' }))
  }

  async #block(agent: Agent, { why, fix }: { why: string; fix: string }): Promise<void> {
    const at = this.#parts.host().clock.now()
    await this.#parts.agents.update(agent.address, (state) => enter(state, { name: 'blocked', why, fix }, { at, what: why, source: 'health' }))
  }

  async #context(agent: Agent, incarnation: string, token: string, health: Health, session: string | null): Promise<LaunchContext> {
    const { paths, programs } = this.#parts
    await checkFolder(agent)
    const team = this.#parts.team()
    const folder = paths.agentFolder(agent.project, agent.id)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const { url, endpoints } = this.#parts.front()
    await endpoints.open(incarnation)
    const texts = await Promise.all(agent.rolePrompt.map(promptIn))
    return {
      team,
      agent: await this.#parts.withTask(agent),
      incarnation,
      host: this.#parts.host(),
      health,
      folder,
      url,
      programs,
      laneSocket: paths.laneSocket(incarnation),
      session,
      rehearsal: team.rehearsal !== null,
      proxied: this.#parts.calls.proxied(agent),
      briefing: briefing(team, agent, texts.join('\n\n').trim(), join(folder, 'context.md')),
      env: {
        ...this.#parts.environmentFor(agent),
        // Its terminal is tmux, whatever the person's own is.
        TERM: 'tmux-256color',
        TROUPE_AGENT: agent.address,
        TROUPE_PROJECT: agent.project,
        TROUPE_INCARNATION: incarnation,
        TROUPE_MCP_URL: `${url}/mcp`,
        TROUPE_AGENT_TOKEN: token,
        AGENT_ID: agent.address,
        PROJECT_ID: agent.project,
        TEAMCTL_ROOT: team.root,
      },
    }
  }

  async #sessionContext(agent: Agent, incarnation: string, pid: number, startedAt: number, session: string | null): Promise<SessionContext> {
    const { supervisor, paths } = this.#parts
    return {
      agent,
      incarnation,
      pid,
      startedAt,
      session,
      wasReady: this.#parts.agents.get(agent.address).phase.name !== 'starting',
      folder: paths.agentFolder(agent.project, agent.id),
      laneSocket: paths.laneSocket(incarnation),
      judge: (gate: Asked, signal: AbortSignal) => this.#parts.judge({ address: agent.address, incarnation }, gate, signal),
      host: this.#parts.host(),
      tools: this.#parts.tools.of(incarnation),
      terminal: {
        type: (input: Parameters<Supervisor['type']>[1]) => supervisor.type(incarnation, input),
        screen: (options?: { escapes?: boolean }) => supervisor.screen(incarnation, options),
      },
    }
  }
}

function launchedKey({ address }: Pick<Agent, 'address'>): string {
  return `launched-as:${address}`
}

/** Nobody starts in another place than the one that was declared. */
async function checkFolder(agent: Agent): Promise<void> {
  const found = await stat(agent.cwd).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw error
  })
  if (found?.isDirectory() === true) return
  throw new TroupeError('config', `the working folder ${agent.cwd} of ${agent.address} ${found === null ? 'does not exist' : 'is not a folder'}`, {
    hint: `mkdir -p ${agent.cwd}, then troupe restart ${agent.address}`,
    facts: { agent: agent.address, cwd: agent.cwd },
  })
}

/** It was checked when the team was applied. What agents put in its place since, a pipe say, must not hold a launch for good. */
async function promptIn(path: string): Promise<string> {
  const { file } = await openRegular(path).catch((cause: unknown) => {
    throw new TroupeError('failed', `the role prompt ${path} cannot be read any more`, { hint: 'put it back', cause })
  })
  try {
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}
