import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Clock } from '../core/clock.ts'
import { defaultLimits } from '../core/limits.ts'
import { TroupeError } from '../core/error.ts'
import type { JournalEvent } from '../core/event.ts'
import type { Host, Runtime } from '../core/runtime.ts'
import { agentsOf, type Agent, type Team } from '../core/team.ts'
import { agentEnvironment, brokerEnvironment, hostOf } from '../config/environment.ts'
import { preparePaths, teamPaths } from '../config/paths.ts'
import { loadRuntime, preloadRuntimes, runtimeVariables } from '../runtimes/index.ts'
import { openStore } from '../store/open.ts'
import { loadSupervisor } from '../supervisors/index.ts'
import { missingProgram, programPath } from '../util/programs.ts'
import { Agents } from './agents.ts'
import { appliedBroker } from './applied.ts'
import { Approvals } from './approvals.ts'
import { Attachments } from './attachments.ts'
import { Bridges } from './bridges.ts'
import { Chains } from './chains.ts'
import { Compactions } from './compactions.ts'
import { Confirmation } from './confirmation.ts'
import type { Daemon, Front, Handlers } from './daemon.ts'
import { Deliverer } from './deliverer.ts'
import { Desired } from './desired.ts'
import { emptyTeam } from './empty-team.ts'
import { Fetching } from './fetching.ts'
import { Fingerprints } from './fingerprints.ts'
import { run } from './guard.ts'
import { ForeignChanges, guardedFiles } from './foreign-changes.ts'
import { Gatekeeper } from './gatekeeper.ts'
import { handlers } from './handlers/index.ts'
import { healthCache } from './health.ts'
import { Hooks } from './hooks.ts'
import { identity } from './identity.ts'
import { whenIdle } from './idle.ts'
import { Janitor } from './janitor.ts'
import { Launching } from './launching.ts'
import { limiting } from './limiting.ts'
import { lives } from './lives.ts'
import { giveMemoryBack, inLulls } from './lull.ts'
import { Mailroom } from './mailroom.ts'
import { metering } from './metering.ts'
import { modelCalls } from './model-calls.ts'
import { openPeople } from './people/open.ts'
import { operatorsOnly } from './operators.ts'
import { readTeam, settingName, rulePlaces, teamSources } from './read-team.ts'
import { Refusals } from './refusals.ts'
import { rehearsing } from './rehearsing.ts'
import { Sessions } from './sessions.ts'
import { ToolLines } from './tool-lines.ts'
import { Signals } from './signals.ts'
import { standingPrompts } from './standing-prompts.ts'
import { stream } from './stream.ts'
import { Throttle } from './throttle.ts'
import { operatorToken } from './token.ts'

export interface ComposeOptions {
  root: string
  /** The daemon's own environment, read by config/. */
  env: Record<string, string>
  clock: Clock
  log: Logger
}

/** The one place that says `new`: every part of a daemon, and how they hang together. */
export async function compose({ root, env, clock, log }: ComposeOptions): Promise<Daemon> {
  const paths = teamPaths(root)
  preparePaths(paths)
  const since = clock.now()
  const host = hostOf(env, clock)
  const report = (what: string, error: unknown): void => log.error({ err: error }, `${what} failed`)
  const readNow = async (): Promise<Team> => readTeam(root)
  const files = await readNow().catch(onlyConfig)
  const broker = appliedBroker(paths.applied) ?? files?.broker ?? emptyTeam(root).broker
  const store = await openStore(broker, { root, host: hostname(), env: brokerEnvironment(broker, root, env), clock, tell: (what) => log.info(what) })
  const flaw = store.flaw()
  if (flaw !== null) log.error({ flaw }, 'the journal does not fit what was known of it; troupe audit verify')
  const desired = new Desired(store, readNow)
  await desired.load()
  const agents = new Agents(store, clock)
  await agents.load()
  const team = (): Team => desired.team
  const token = operatorToken(join(paths.run, 'operator.token'))
  const runtimeOf = runtimeCache()
  // Now, while they are there: an update may take the files away under a daemon that runs.
  await preloadRuntimes()

  let front: Front | null = null
  const theFront = (): Front => {
    if (front === null) throw new TroupeError('internal', 'the daemon was asked before it listens')
    return front
  }
  /** What the last `up` brought wins over what the daemon was started with. */
  const values = (): Record<string, string> => ({ ...env, ...front?.held.values?.env })
  const hostNow = (): Host => ({ ...host, env: values() })
  const healthOf = healthCache(clock, runtimeOf, hostNow)

  const supervisor = await loadSupervisor(files?.supervisor.type ?? 'tmux', {
    team: files ?? (desired.known ? desired.team : emptyTeam(root)),
    clock,
    tmuxSocket: paths.tmuxSocket,
    specs: paths.specs,
    agentFolder: paths.agentFolder,
    launcher: [process.execPath, programPath('launcher')],
    env,
  })
  const show = (address: string, text: string | null): void => {
    const { incarnation } = agents.get(address)
    if (incarnation !== null) supervisor.notice(incarnation, text).catch((error: unknown) => report(`a notice beside the terminal of ${address}`, error))
  }
  const chains = new Chains({ store, clock, agents, team, show })
  const signals = new Signals({ clock, agents, deliverer: () => deliverer, chains: () => chains, spend: () => spend, holding: () => holding, breaking: () => breaking, limits: () => limits, jitter: Math.random, report })
  // An adopted agent may be idle already: no change of its phase would wake its mail.
  const sessions: Sessions = new Sessions((...said) => signals.take(...said), (address) => deliverer.wake(address))
  const deliverer: Deliverer = new Deliverer({ store, clock, agents, sessions, team, report })
  const fetching = new Fetching(store, clock, deliverer, (address) => agents.get(address).phase.name === 'stopping' || holding.isHeld(address))
  const throttle = new Throttle({ store, clock, limits: () => (desired.known ? team().limits : defaultLimits), report })
  const bridges = new Bridges({ store, clock, report })
  await bridges.load()
  const attachments = new Attachments({ store, clock, paths, team, settingName: (path) => settingName(root, path), environment: values })
  const janitor = new Janitor({ store, clock, paths, attachments, team: () => (desired.known ? team() : emptyTeam(root)), report })
  const mailroom = new Mailroom({ store, clock, chains, attachments, bridges: () => bridges.now(), team })
  const tools = new ToolLines(clock)
  agents.subscribe((after, before) => {
    if (before.incarnation !== null && after.incarnation !== before.incarnation) tools.forget(before.incarnation)
    if (before.phase.name === 'parked' && after.phase.name !== 'parked') fetching.arrived(after.address)
  })
  const fingerprints = new Fingerprints(token.token, runtimeVariables)
  const calls = modelCalls({ store, clock, team: () => (desired.known ? team() : emptyTeam(root)), spend: () => spend, values, report })
  const launching = new Launching({
    proxied: (agent) => calls.proxied(agent),
    startedWith: (agent) => fingerprints.now(agent, team(), values()),
    tools,
    store,
    agents,
    sessions,
    supervisor,
    paths,
    programs: { node: process.execPath, hook: programPath('hook'), shim: programPath('shim'), scripted: programPath('scripted') },
    missingProgram,
    host: hostNow,
    team,
    runtimeOf,
    healthOf,
    environmentFor: (agent) => agentEnvironment(agent, values(), runtimeVariables),
    front: theFront,
    jitter: Math.random,
  })
  const tell = async (to: string, text: string, key: string): Promise<void> => {
    await mailroom.post({ from: 'troupe', to, text, threadId: null, priority: 'normal', key })
  }
  const { spend, holding, breaking } = metering({ store, clock, agents, sessions, team: () => (desired.known ? team() : emptyTeam(root)), chainOf: (...of) => chains.chainOf(...of), mailroom: () => mailroom, show, tell, report })
  await spend.load()
  const limits = limiting({ store, clock, agents, desired, values, mail: tell, report })
  const compactions = new Compactions({ store, clock, agents, sessions, report })
  const approvals = new Approvals({ store, clock, team, answer: standingPrompts(agents, sessions, clock), mail: tell, report })
  const foreign = new ForeignChanges({
    store,
    clock,
    agents,
    files: async () => await guardedFiles({ sources: teamSources(root), agents: desired.known ? agentsOf(team()) : [], host: hostNow(), runtimeOf, folderOf: ({ project, id }) => paths.agentFolder(project, id) }),
    report,
  })
  // What stands there when an agent is up, or the team was applied, is what it runs with.
  store.subscribe((events) => {
    if (events.some(({ type }) => type === 'team.applied' || type === 'agent.launched')) foreign.start().catch((error: unknown) => report('looking at the files that decide', error))
  })
  const refusals = new Refusals({ store, clock, places: () => rulePlaces(root), report })
  const gatekeeper = new Gatekeeper({ whyHeld: (address) => holding.whyHeld(address), noSubagent: (...of) => breaking.refusal(...of), store, clock, approvals, chains, rule: (rule) => refusals.text(rule), team, signal: (...said) => signals.take(...said), report })
  const hooks = new Hooks({ sessions, gatekeeper, fetching, clock })
  const shim = [process.execPath, programPath('shim')]
  const teamNow = (): Team => (desired.known ? team() : emptyTeam(root))
  const held = (): Record<string, string> => front?.held.values?.env ?? {}
  const alive = lives({ spend, holding, store, clock, agents, sessions, supervisor, launching, desired, fingerprints, broker, paths, shim, team: teamNow, held, healthOf, front: theFront, jitter: Math.random, tell, report })
  const { reconciler } = alive

  const finished = Promise.withResolvers<void>()
  const atChat = openPeople({ clock, store, paths, agents, holding, mailroom, chains, team, known: () => desired.known, values, tell, report, run: async (caller, name, input) => await run(table, caller, name, input, new AbortController().signal) })
  const { people } = atChat
  const idle = whenIdle(clock, () => people.active || agents.all().some((state) => state.incarnation !== null || state.wanted === 'running'), finished.resolve)
  const table: Handlers = handlers({
    ...atChat,
    clock,
    store,
    paths,
    supervisor,
    agents,
    sessions,
    ...alive,
    deliverer,
    mailroom,
    approvals,
    confirmation: new Confirmation({ store, clock, mode: () => team().hitl.confirm }),
    attachments,
    compactions,
    janitor,
    fetching,
    throttle,
    chains,
    spend,
    holding,
    bridges,
    desired,
    team,
    runtimeOf,
    healthOf,
    front: theFront,
    since,
    token: () => token.token,
    // The answer goes out first.
    finish: () => void clock.after(50, finished.resolve),
  })
  const model = rehearsing(clock, () => (desired.known ? team().rehearsal : null))
  const lulls = inLulls(clock, giveMemoryBack)
  store.subscribe((events) => {
    lulls.changed(events.length)
    for (const recipient of recipientsOf(events)) {
      fetching.arrived(recipient)
      deliverer.wake(recipient)
    }
  })

  return {
    root,
    finished: finished.promise,
    identify: identity(store, agents, token),
    checkOperator: operatorsOnly(store, agents, clock),
    admit(caller, door, requests) {
      try {
        throttle.admit(caller, door, requests)
      } catch (error) {
        throw refusals.explained(error)
      }
    },
    events: (cursor, signal) => stream(store, cursor, signal),
    listening: (given) => {
      front = given
      given.held.subscribe(() => void people.refresh())
    },
    async call(caller, name, input, signal) {
      idle.used()
      return await refusals.run(caller, name, async () => await throttle.run(caller, name, async () => {
        const proof = caller.kind === 'agent' ? fetching.confirm(caller.address, caller.incarnation) : null
        // An acknowledgement may share the commit of the proof that comes with it; every other call sees what was proved.
        if (name === 'inbox_ack') return (await Promise.all([run(table, caller, name, input, signal), proof]))[0]
        await proof
        return await run(table, caller, name, input, signal)
      }))
    },
    heard(caller, until) {
      if (until !== null) throttle.hold(caller, until)
      tools.heard(caller.incarnation, until)
    },
    hook: (caller, event, signal) => hooks.take(caller, event, signal),
    post: async (name, post) => await people.take(name, post),
    model: async (caller, request) => (desired.known && team().rehearsal === null ? await calls.handle(caller, request) : await model(caller.address, request)),
    async start() {
      // Without anything to look after no terminal server is started: a question alone leaves nothing behind.
      if (agents.all().some((state) => state.incarnation !== null || state.wanted === 'running')) await supervisor.start()
      alive.changing.start()
      reconciler.start()
      await deliverer.start()
      await limits.start()
      await approvals.start()
      await compactions.start()
      await bridges.start()
      await foreign.start()
      await janitor.start()
      await atChat.start()
    },
    async stop() {
      idle.stop()
      await people.stop()
      approvals.stop()
      compactions.stop()
      await limits.stop()
      await calls.close()
      bridges.stop()
      await foreign.stop()
      await janitor.stop()
      lulls.stop()
      await reconciler.stop()
      await deliverer.stop()
      sessions.closeAll()
      await supervisor.close()
      await store.close()
    },
  }
}

/** One runtime for each description. A load that failed is tried again. */
function runtimeCache(): (agent: Agent) => Promise<Runtime> {
  const runtimes = new Map<string, Promise<Runtime>>()
  return (agent) => {
    const key = JSON.stringify([agent.runtime, agent.descriptor])
    const known = runtimes.get(key) ?? loadRuntime(agent.runtime, agent.descriptor)
    runtimes.set(key, known)
    // The caller is told why; here it is only not kept.
    known.catch(() => runtimes.delete(key))
    return known
  }
}

function recipientsOf(events: readonly JournalEvent[]): string[] {
  return events.flatMap(({ type, data }) => (type === 'message.sent' && Array.isArray(data['recipients']) ? (data['recipients'] as string[]) : []))
}

/** Errors in the team's files keep nobody from looking after what runs. */
function onlyConfig(error: unknown): null {
  if (error instanceof TroupeError && error.code === 'config') return null
  throw error
}
