import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../src/client/connect.ts'
import type { Chance } from './chance.ts'
import type { Recorder } from './history.ts'

/** When the daemon was killed, counted; `commands`: how often nobody brought it back but a command. */
export interface Kills {
  working: number
  starting: number
  withKeeper: number
  commands: number
}

export interface KillerOptions {
  root: string
  socket: string
  recorder: Recorder
  chance: Chance
  /** Any command, which starts a daemon where none is. */
  revive(): Promise<unknown>
}

/** Exchanges that a daemon has answered before it is killed, and ms after that, at most. */
const mostAnswered = 80
const longestWork = 15
/** ms from a daemon's first sign to its end, where that is to come while it starts: most answer sooner than that. */
const longestStart = 250
/** A daemon that answers nobody for so long is killed all the same, ms. */
const longestLife = 5_000
/** After so long without a daemon somebody has to call one, ms: at once where no keeper is left either. */
const patience = 20_000
const noKeeper = 500

/** Ends the daemon by kill -9 so many times: at work, while the next one starts, and together with its keeper. */
export async function killAgainAndAgain(count: number, options: KillerOptions): Promise<Kills> {
  const { chance, recorder, root } = options
  const kills: Kills = { working: 0, starting: 0, withKeeper: 0, commands: 0 }
  let last: number | null = null
  for (let n = 0; n < count; n++) {
    const how = chance.hits(0.25) ? 'starting' : chance.hits(0.12) ? 'withKeeper' : 'working'
    const pid = await nextDaemon(options, last, how === 'starting', kills)
    if (how === 'starting') await sleep(chance.below(longestStart))
    else await answered(recorder, chance.below(mostAnswered))
    if (how === 'withKeeper') {
      for (const keeper of programsOf(root, 'keeper')) killed(keeper)
      await answered(recorder, recorder.acknowledged + chance.below(mostAnswered))
    }
    await sleep(chance.below(longestWork))
    recorder.kill()
    killed(pid)
    kills[how] += 1
    last = pid
  }
  await nextDaemon(options, last, false, kills)
  return kills
}

async function answered(recorder: Recorder, count: number): Promise<void> {
  const end = Date.now() + longestLife
  while (recorder.acknowledged < count && Date.now() < end) await sleep(1)
}

/** Another daemon than the last one: as soon as its process is there, or once it answers. */
async function nextDaemon(options: KillerOptions, last: number | null, starting: boolean, kills: Kills): Promise<number> {
  const { root, socket } = options
  let seen = Date.now()
  for (let begun = seen; ; ) {
    const pid = starting ? programsOf(root, 'daemon').find((each) => each !== last) : await answering(socket)
    if (pid !== undefined && pid !== last) return pid
    const now = Date.now()
    if (now - seen > noKeeper && programsOf(root, 'keeper').length > 0) seen = now
    if (now - seen > noKeeper || now - begun > patience) {
      kills.commands += 1
      await options.revive()
      seen = begun = Date.now()
    }
    await sleep(10)
  }
}

async function answering(socket: string): Promise<number | undefined> {
  try {
    const client = await connect({ socket })
    client.close()
    return client.daemon.pid
  } catch {
    return undefined // nobody there yet
  }
}

/** Processes that run this program of ours for this root. A killed one that nobody has waited for yet has no command line any more. */
export function programsOf(root: string, program: 'daemon' | 'keeper'): number[] {
  return readdirSync('/proc').filter((each) => /^\d+$/.test(each)).map(Number).filter((pid) => {
    const argv = commandLine(pid)
    return argv.includes(root) && argv.some((each) => each.endsWith(`/${program}.js`)) && (program === 'keeper') === argv.includes('--daemon')
  })
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return [] // gone
  }
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
