import { setTimeout as sleep } from 'node:timers/promises'
import type { HeldValues, ServerLine } from '../api/wire.ts'
import { fromShape, TroupeError, type ErrorShape } from '../core/error.ts'
import { isGoneWithin } from '../util/gone.ts'
import { processOf, signalProcess } from '../util/processes.ts'
import { openLines, type Lines } from './lines.ts'

/** The daemon that has ended. */
export interface HandedOver {
  pid: number
  version: string
  /** What it held for agents; null where it held nothing, or its release does not give it away (0.1.0, another protocol). */
  values: HeldValues | null
}

/** A daemon that is just going, or not yet ready to talk, is asked again for this long, ms. */
const busyMs = 20_000
const tryEveryMs = 50
/** A daemon that goes gives its callers a second, and its database a moment. ms */
const endsWithinMs = 20_000

/**
 * Ends the daemon that listens on `socket` and its keeper, whatever release they are, so that another may take over.
 * Agents go on. Null where none runs. Throws `timeout` if it does not end.
 */
export async function endDaemon(socket: string): Promise<HandedOver | null> {
  const ended = await askToEnd(socket)
  if (ended === null || (await isGoneWithin(ended.pid, endsWithinMs))) return ended
  throw new TroupeError('timeout', `the daemon (process ${ended.pid}, troupe ${ended.version}) was told to go, and has not`, {
    hint: `kill -9 ${ended.pid}, then troupe daemon start; agents go on`,
    facts: { pid: ended.pid },
  })
}

async function askToEnd(socket: string): Promise<HandedOver | null> {
  const until = performance.now() + busyMs
  for (;;) {
    const met = await meet(socket)
    if (met.name === 'nobody') return null
    if (met.name === 'ended') return met.ended
    if (performance.now() > until) throw met.why
    await sleep(tryEveryMs)
  }
}

type Met = { name: 'nobody' } | { name: 'ended'; ended: HandedOver } | { name: 'busy'; why: TroupeError }

async function meet(socket: string): Promise<Met> {
  try {
    // Only a keeper is told the values that agents get.
    const met = await stop(await openLines({ socket }), true)
    // 0.1.0 knows no `instead`: it names the keeper that it has.
    const refused = met.name === 'busy' && typeof met.why.facts['keeper'] === 'number'
    return refused ? await stop(await openLines({ socket }), false) : met
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    if (error.code === 'incompatible') return await signalled(error)
    if (error.code !== 'unavailable') throw error
    const { reason } = error.facts
    return reason === 'ENOENT' || reason === 'ECONNREFUSED' ? { name: 'nobody' } : { name: 'busy', why: error }
  }
}

/** A daemon that speaks another protocol is told by a signal, which all releases take for the same. */
async function signalled(why: TroupeError): Promise<Met> {
  const { pid, version } = why.facts
  const found = typeof pid === 'number' ? await processOf(pid) : undefined
  if (found === undefined || !(await signalProcess(found, 'SIGTERM'))) throw why
  return { name: 'ended', ended: { pid: found.pid, version: String(version), values: null } }
}

/** Stays until the daemon hangs up: one that loses its keeper before starts another. */
function stop(lines: Lines, asKeeper: boolean): Promise<Met> {
  const { pid, version } = lines.daemon
  return new Promise((resolve) => {
    let values: HeldValues | null = null
    const refuse = (why: ErrorShape): void => {
      resolve({ name: 'busy', why: fromShape(why) })
      lines.close()
    }
    lines.listen((line: ServerLine | null) => {
      if (line === null) resolve({ name: 'ended', ended: { pid, version, values } })
      else if ('hold' in line) values = line.hold
      else if ('error' in line) refuse(line.error)
    })
    if (asKeeper) lines.send({ keeper: { values: null, instead: true } })
    lines.send({ id: 1, call: 'daemon.stop', input: {} })
  })
}
