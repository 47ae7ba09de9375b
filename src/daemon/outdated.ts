import { statSync } from 'node:fs'
import { join } from 'node:path'
import { isDifference } from '../core/change.ts'
import type { ChangeRow } from '../core/change-text.ts'
import { TroupeError } from '../core/error.ts'
import { agentsOf } from '../core/team.ts'
import { composeFile } from '../config/paths.ts'
import type { Desired } from './desired.ts'
import type { TeamFiles } from './read-team.ts'

export interface OutdatedParts {
  desired: Desired
  root: string
  /** Throws `config`. */
  read(): TeamFiles
  plan(): Promise<ChangeRow[]>
}

/** How the files differ from what is applied. */
export type Waiting = { broken: false; rows: ChangeRow[] } | { broken: true }

/** Says what has still to be applied. The files are read again only when one of them was written, or something was applied. */
export class Outdated {
  readonly #parts: OutdatedParts
  #sources: string[] = []
  #last: { mark: string; waiting: Waiting } | null = null

  constructor(parts: OutdatedParts) {
    this.#parts = parts
  }

  async now(): Promise<Waiting> {
    const { desired } = this.#parts
    if (desired.applied === null) return { broken: false, rows: [] }
    if (this.#last !== null && this.#last.mark === this.#mark()) return this.#last.waiting
    const waiting = await this.#look()
    this.#last = { mark: this.#mark(), waiting }
    return waiting
  }

  async #look(): Promise<Waiting> {
    try {
      this.#sources = this.#parts.read().sources
    } catch (error) {
      if (isConfig(error)) return { broken: true }
      throw error
    }
    try {
      return { broken: false, rows: (await this.#parts.plan()).filter(isDifference) }
    } catch (error) {
      // They are right, and cannot be applied while it runs: `plan` says why.
      if (isConfig(error)) return { broken: false, rows: [{ agent: 'team', action: 'apply', why: error.message, aclWidened: [], keys: [], conversation: null }] }
      throw error
    }
  }

  /** Changes with any of the files, and with what is applied. */
  #mark(): string {
    const { desired, root } = this.#parts
    const named = agentsOf(desired.team).flatMap(({ rolePrompt, subagents, runtime }) => [...rolePrompt, ...subagents, join(root, 'runtimes', `${runtime}.yaml`)])
    const files = new Set([join(root, composeFile), join(root, 'runtimes'), ...this.#sources, ...named])
    return JSON.stringify([desired.applied?.at, ...[...files].map(stamp)])
  }
}

function isConfig(error: unknown): error is TroupeError {
  return error instanceof TroupeError && error.code === 'config'
}

function stamp(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false })
  return found === undefined ? 'missing' : `${found.ino} ${found.size} ${found.mtimeMs}`
}
