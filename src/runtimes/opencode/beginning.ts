import type { SessionContext, Signal } from '../../core/runtime.ts'
import { isRecord } from '../json.ts'
import type { Client } from './client.ts'
import { isGateLoaded, opencodeFiles, readDoor, writeDoor } from './files.ts'
import { isSessionId } from './launch.ts'
import { teamServer } from './permissions.ts'

const stepMs = 100
/** A terminal is drawn by then, a tool server has answered, or OpenCode goes on without. ms */
const patience = 30_000
/** A gate that has not come by then does not come. ms */
const gatePatience = 120_000

interface Parts {
  client: Client
  context: SessionContext
  /** Of the process, ms. */
  age(): number
  closed(): boolean
  emit(signal: Signal): void
}

/** The conversation that the agent goes on with, or a new one. */
export async function pin({ client, context, emit }: Parts): Promise<string> {
  const { agent, host, incarnation } = context
  const files = opencodeFiles(context.folder)
  const door = readDoor(files, incarnation)
  const session = door?.session ?? context.session
  const known = session !== null && isSessionId(session) ? await client.session(session) : null
  const id = known === null ? await client.create(agent.address) : String(known['id'])
  if (door !== null && door.session !== id) writeDoor(files, { ...door, session: id })
  const at = host.clock.now()
  emit({ type: 'session', id, evidence: { at, what: `conversation ${id}`, source: 'http' } })
  if (session !== null && known === null) emit({ type: 'note', evidence: { at, what: `conversation ${session} is not to be found here: this is a fresh one`, source: 'http' } })
  return id
}

/** A terminal that is not drawn yet misses the word that leads it there: it is said again until its first page is gone. */
export async function show({ client, context, closed }: Parts, id: string): Promise<void> {
  const { clock } = context.host
  if (context.wasReady) return
  await client.select(id)
  const end = clock.elapsed() + patience
  while (!closed() && clock.elapsed() < end) {
    const screen = await context.terminal.screen().catch(() => '')
    const first = isFirstPage(screen)
    if (!first && screen.includes('╹')) return
    if (first) await client.select(id)
    await new Promise<void>((resolve) => void clock.after(2 * stepMs, resolve))
  }
}

/** Its logo is on it. */
function isFirstPage(screen: string): boolean {
  return /█▀▀█ █▀▀█/.test(screen)
}

/** Its gate holds, and it knows the team's tools: a model that got mail before could not answer it. */
export async function becomesReady({ client, context, age, closed, emit }: Parts): Promise<boolean> {
  const { folder, incarnation, wasReady, host } = context
  const files = opencodeFiles(folder)
  const what = wasReady ? 'its API answers, and it was ready before' : 'its API answers, its gate is loaded'
  while (!closed() && !wasReady) {
    const gated = isGateLoaded(files, incarnation)
    if (!gated && age() > gatePatience) {
      const evidence = { at: host.clock.now(), what: `${files.loaded} was not written`, source: 'plugin' }
      emit({ type: 'failure', class: 'config', why: 'OpenCode did not load the plugin that holds its calls', until: null, fix: `look into its log, and at ${files.gate}`, evidence })
      return false
    }
    if (gated && ((await hasTools(client)) || age() > patience)) break
    await new Promise<void>((resolve) => void host.clock.after(stepMs, resolve))
  }
  if (!closed()) emit({ type: 'ready', evidence: { at: host.clock.now(), what, source: 'http' } })
  return !closed()
}

async function hasTools(client: Client): Promise<boolean> {
  const server = (await client.servers())[teamServer]
  return isRecord(server) && server['status'] === 'connected'
}
