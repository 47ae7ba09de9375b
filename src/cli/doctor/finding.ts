import type { Input, OperationName, Output as Answer } from '../../api/index.ts'
import type { Paths } from '../../config/paths.ts'
import type { Host } from '../../core/runtime.ts'
import type { Team } from '../../core/team.ts'

/** What one check came to. */
export interface Finding {
  check: string
  ok: boolean
  reason: string
  /** What would mend it; null where nothing has to be. */
  fix: string | null
  /** What `--fix` may do: it loses nothing and can be done again. */
  repair?: { what: string; run: () => void }
  /** Of a check of an agent CLI: what it came to, in fields. */
  provider?: Provider
}

export interface Provider {
  runtime: string
  installed: boolean
  program: string | null
  version: string | null
  /** null: it cannot be told. */
  authenticated: boolean | null
  /** An agent can run on it. */
  viable: boolean
  /** The contract suite has run on this version; null: it runs on none of this CLI. */
  seen: boolean | null
}

/** What the checks look at. Nothing in it starts a daemon. */
export interface Setting {
  host: Host
  now: number
  /** Null outside a team. */
  paths: Paths | null
  /** Null outside a team, and where its files have errors. */
  team: Team | null
  /** The daemon, if one answers. */
  daemon: Answer<'daemon.status'> | null
  /** Why the daemon that is there cannot be talked to. */
  refusal: { why: string; fix: string } | null
  /** The one agent CLI that is asked about, by its YAML word; null: all of them. */
  only: string | null
  /** Only while `daemon` is there. */
  call<K extends OperationName>(name: K, input: Input<K>): Promise<Answer<K>>
}

export type Check = (setting: Setting) => Finding[] | Promise<Finding[]>

export function fine(check: string, reason: string): Finding {
  return { check, ok: true, reason, fix: null }
}

export function wrong(check: string, reason: string, fix: string, repair?: Finding['repair']): Finding {
  return { check, ok: false, reason, fix, ...(repair === undefined ? {} : { repair }) }
}
