import { programVersion } from '../api/wire.ts'
import { connect } from '../client/connect.ts'
import type { Client } from '../client/client.ts'
import { aboveOrNull, findRoot, rootVariables, teamVariable } from '../config/discover.ts'
import { teamPaths } from '../config/paths.ts'
import { TroupeError } from '../core/error.ts'
import { olderThan } from '../util/versions.ts'
import type { Cli, Env } from './cli.ts'
import type { Output } from './output.ts'
import type { Language } from './tree/syntax.ts'

export interface CliOptions {
  out: Output
  language: Language
  env: Env
  cwd: string
  stdin: Cli['stdin']
  signal: AbortSignal
  /** What -C says. */
  rootFlag: string | null
  /** What -T says. */
  teamFlag: string | null
  /** Ctrl-C is not ours any more. */
  ignoreInterrupt(): void
}

/** A daemon that goes gives its callers a second, and its database a moment. ms */
const endsWithinMs = 10_000

/** The quick way first: what starts a daemon is loaded only when none answers. */
async function connectOrStart(root: string, options: CliOptions): Promise<Client> {
  try {
    return await connect({ socket: teamPaths(root).operatorSocket })
  } catch (error) {
    if (!(error instanceof TroupeError) || error.code !== 'unavailable') throw error
  }
  const { startDaemon } = await import('./starting.ts')
  return await startDaemon(root, options, null)
}

/** An error that another release explains says so. */
function blameVersion(error: unknown, { daemon }: Client): unknown {
  if (!(error instanceof TroupeError) || daemon.version === programVersion) return error
  // What the daemon says of an operation that it does not know, or whose input was another one.
  if (error.facts['name'] === undefined && error.facts['issues'] === undefined) return error
  const fix = olderThan(daemon.version, programVersion) ? 'troupe daemon restart; agents go on' : `use troupe ${daemon.version}`
  return new TroupeError(error.code, `${error.message}; the running daemon is troupe ${daemon.version}, this is ${programVersion}`, {
    hint: fix,
    facts: error.facts,
    cause: error,
  })
}

/**
 * The variable that names the root where the folder does not lead there; null if there is none, or if nobody wants to hear it.
 * TEAM_NAME is set by who means it, as `-T` is.
 */
function overriding({ out, cwd, env, rootFlag, teamFlag }: CliOptions): string | null {
  const quiet = [env.TROUPE_QUIET, env.TEAMCTL_QUIET].some((said) => said === '1' || said === 'true')
  if (rootFlag !== null || teamFlag !== null || quiet || out.quiet || out.json) return null
  const by = rootVariables.find((name) => Boolean(env[name]))
  if (by === undefined) return null
  const { root } = findRoot({ cwd, flag: undefined, env })
  return aboveOrNull(cwd) === root ? null : by
}

/** Finds the root and connects when a command first asks for it, once. */
export function openCli(options: CliOptions): Cli {
  const { out, language, env, cwd, stdin, signal, rootFlag, teamFlag } = options
  let root: string | undefined
  let client: Promise<Client> | undefined
  let asked = false

  const find = (): string => {
    const found = findRoot({ cwd, flag: rootFlag ?? undefined, team: teamFlag ?? undefined, env })
    out.debug(`root ${found.root}, by ${found.via}`)
    return found.root
  }
  const rootNow = (): string => (root ??= find())
  const socket = (): string => teamPaths(rootNow()).operatorSocket
  const connected = (): Promise<Client> => (client ??= connectOrStart(rootNow(), options))

  async function close(): Promise<void> {
    const open = client
    client = undefined
    // Without a connection there is nothing to close; why there is none was told to whoever asked for it.
    await open?.then((each) => each.close(), () => undefined)
  }

  return {
    out,
    language,
    env,
    cwd,
    stdin,
    signal,
    rootGiven: rootFlag !== null || teamFlag !== null || [...rootVariables, teamVariable].some((name) => Boolean(env[name])),
    root: async () => rootNow(),
    warnOfOverride() {
      const by = overriding(options)
      if (by !== null) out.warn(`using $${by}=${rootNow()} (this folder would lead to another team, or to none)`)
    },
    asked: () => asked,
    async call(name, input, wait) {
      const done = wait === undefined ? () => undefined : out.progress(wait)
      try {
        const open = await connected()
        asked = true
        const began = Date.now()
        // Called after Ctrl-C it puts things away, which must not be cut short by the same Ctrl-C.
        return await open.call(name, input, signal.aborted ? {} : { signal }).catch((error: unknown) => {
          throw blameVersion(error, open)
        }).finally(() => out.debug(`${name} took ${Date.now() - began} ms`))
      } finally {
        done()
      }
    },
    async *events(cursor, until) {
      yield* (await connected()).events(cursor, until)
    },
    async running() {
      if (client !== undefined) return true
      try {
        client = Promise.resolve(await connect({ socket: socket() }))
        return true
      } catch (error) {
        if (error instanceof TroupeError && error.code === 'unavailable') return false
        throw error
      }
    },
    async hello() {
      return (await connected()).daemon
    },
    async handOver() {
      const { handOver } = await import('./hand-over.ts')
      await close()
      const taken = handOver(rootNow(), options)
      client = taken.then((each) => each.client)
      return (await taken).valuesKept
    },
    async ended() {
      if (client === undefined) return
      const { pid } = (await client).daemon
      const { isGoneWithin } = await import('../util/gone.ts')
      const done = out.progress('the daemon ends')
      if (!(await isGoneWithin(pid, endsWithinMs).finally(done))) out.warn(`the daemon (process ${pid}) has not ended yet`)
    },
    async runHere(argv, how) {
      const { runHere } = await import('../util/spawn.ts')
      await close()
      options.ignoreInterrupt()
      return await runHere(argv, how)
    },
    async useRoot(path) {
      await close()
      root = path
    },
    close,
  }
}
