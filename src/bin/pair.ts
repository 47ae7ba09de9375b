import { rmSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { become } from '../util/become.ts'
import { spawnDetached } from '../util/spawn.ts'

/**
 * `pair SOCKET LOG N …`: starts a server, N words of the argv that follows, waits until it listens at SOCKET, and becomes the
 * program of the other words, which uses it. The server has no terminal, its output goes to LOG; it belongs to the same
 * incarnation by its environment, and ends with it. Where it does not come about, one sentence on the terminal and exit 1.
 */
const patienceMs = 60_000
const stepMs = 20

async function main([socket, log, count, ...words]: string[]): Promise<never> {
  if (socket === undefined || log === undefined) return refuse('needs SOCKET, LOG and two commands')
  const [server, face] = [words.slice(0, Number(count)), words.slice(Number(count))]
  // What an earlier one left would look as if this one listened.
  rmSync(socket, { force: true })
  rmSync(log, { force: true })
  let ended: string | null = null
  await spawnDetached(server, { cwd: process.cwd(), logFile: log, ended: (code, signal) => (ended = signal ?? `exit ${code}`) })
  const end = performance.now() + patienceMs
  while (!(await listens(socket))) {
    if (ended !== null) return refuse(`its server ended (${ended}), see ${log}`)
    if (performance.now() > end) return refuse(`its server does not listen at ${socket} after ${patienceMs / 1000} s, see ${log}`)
    await sleep(stepMs)
  }
  return become(face[0] ?? '', face, process.env as Record<string, string>)
}

function listens(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const line = connect(socket)
    line.once('connect', () => (line.destroy(), resolve(true)))
    line.once('error', () => resolve(false))
  })
}

function refuse(why: string): never {
  writeSync(2, `troupe cannot start the agent: ${why}\n`)
  process.exit(1)
}

main(process.argv.slice(2)).catch((error: unknown) => refuse(error instanceof Error ? error.message : String(error)))
