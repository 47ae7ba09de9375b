import { Compactions } from './compactions.ts'
import type { Daemon, Handlers } from './daemon.ts'
import { openGround, type ComposeOptions } from './ground.ts'
import { run } from './guard.ts'
import { handlers } from './handlers/index.ts'
import { housekeeping } from './housekeeping.ts'
import { identity } from './identity.ts'
import { whenIdle } from './idle.ts'
import { judging } from './judging.ts'
import { limiting } from './limiting.ts'
import { lives } from './lives.ts'
import { giveMemoryBack, inLulls } from './lull.ts'
import { mailing } from './mailing.ts'
import { metering } from './metering.ts'
import { modelCalls } from './model-calls.ts'
import { openPeople } from './people/open.ts'
import { operatorsOnly } from './operators.ts'
import { rehearsing } from './rehearsing.ts'
import { stream } from './stream.ts'
import { offered, working } from './tasks/working.ts'

export type { ComposeOptions } from './ground.ts'

/**
 * Every part of a daemon, and how they hang together: the ground, then mail, money, life, judgement and people, each put together in
 * a file of its own. Parts that know each other both ways are given as functions, and are asked only once all of them are there.
 */
export async function compose(options: ComposeOptions): Promise<Daemon> {
  const ground = await openGround(options)
  const { root, clock, store, desired, agents, supervisor, token } = ground
  const mail = await mailing(ground, { spend: () => money.spend, counted: async (...of) => await calls.counted(...of), holding: () => money.holding, breaking: () => money.breaking, limits: () => limits })
  const { tell, sessions, deliverer, fetching, throttle, bridges, tools } = mail
  const tellingGround = { ...ground, ...mail, mail: tell }
  const money = metering({ ...tellingGround, team: ground.teamNow, chainOf: (...of) => mail.chains.chainOf(...of), mailroom: () => mail.mailroom })
  await money.spend.load()
  const limits = limiting(tellingGround)
  const calls = modelCalls({ ...ground, team: ground.teamNow, spend: () => money.spend })
  const alive = lives({ ...tellingGround, ...money, calls, judge: (...of) => judges.judge(...of) })
  const work = working(ground, mail, alive, mail, () => judges.foreign)
  const judges = judging(ground, mail, money)
  const compactions = new Compactions({ ...ground, sessions })
  const janitor = housekeeping(ground, mail.attachments, async (...of) => await alive.worktrees.sweep(...of))
  const atChat = openPeople({ ...tellingGround, ...money, known: () => desired.known, run: async (caller, name, input) => await run(table, caller, name, input, new AbortController().signal) })

  const finished = Promise.withResolvers<null>()
  const idle = whenIdle(clock, () => atChat.people.active || hasWork(), () => finished.resolve(null))
  const table: Handlers = handlers({
    ...ground,
    ...mail,
    ...money,
    ...alive,
    ...work,
    ...judges,
    ...atChat,
    compactions,
    janitor,
    token: () => token.token,
    // The answer goes out first.
    finish: () => void clock.after(50, () => finished.resolve(null)),
  })
  const model = rehearsing(clock, () => (desired.known ? desired.team.rehearsal : null))
  const lulls = inLulls(clock, giveMemoryBack)
  store.subscribe((events) => lulls.changed(events.length))

  function hasWork(): boolean {
    return agents.all().some((state) => state.incarnation !== null || state.wanted === 'running')
  }

  return {
    root,
    finished: Promise.race([finished.promise, ground.shutOut]),
    identify: identity(store, agents, token),
    checkOperator: operatorsOnly(store, agents, clock),
    admit(caller, door, requests) {
      try {
        throttle.admit(caller, door, requests)
      } catch (error) {
        throw judges.refusals.explained(error)
      }
    },
    offers: offered(ground),
    events: (cursor, signal) => stream(store, cursor, signal),
    listening: (front) => {
      ground.listening(front)
      front.held.subscribe(() => void atChat.people.refresh())
    },
    async call(caller, name, input, signal) {
      idle.used()
      return await judges.refusals.run(caller, name, async () => await throttle.run(caller, name, async () => {
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
    hook: (caller, event, signal) => judges.hooks.take(caller, event, signal),
    post: async (name, post) => await atChat.people.take(name, post),
    model: async (caller, request) => (desired.known && desired.team.rehearsal === null ? await calls.handle(caller, request) : await model(caller.address, request)),
    async start() {
      // Without anything to look after no terminal server is started: a question alone leaves nothing behind.
      if (hasWork()) await supervisor.start()
      await alive.worktrees.start()
      alive.changing.start()
      // Before the reconciler sees who ended meanwhile: what that says of a task is judged as it is told.
      await mail.following.start()
      alive.reconciler.start()
      for (const part of [deliverer, limits, judges.approvals, compactions, bridges, judges.foreign, janitor, work.dispatcher, atChat]) await part.start()
    },
    async stop() {
      idle.stop()
      lulls.stop()
      for (const part of [work.dispatcher, mail.following, atChat.people, judges.approvals, compactions, limits, bridges, judges.foreign, janitor]) await part.stop()
      await calls.close()
      await alive.reconciler.stop()
      await deliverer.stop()
      sessions.closeAll()
      await supervisor.close()
      await store.close()
    },
  }
}
