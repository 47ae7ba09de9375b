import { createHmac } from 'node:crypto'
import { contentsOf, teamContents } from '../config/contents.ts'
import { startedWith, type Started } from '../core/started.ts'
import { agentsOf, type Agent, type Team } from '../core/team.ts'

/** Hashes of what lies outside of the team's YAML: contents of files by path, values of variables by name. */
export interface Outside {
  files: Record<string, string>
  values: Record<string, string>
}

/** What processes are started with, as hashes. Values are keyed with a secret of this root: a short one cannot be guessed from its hash. */
export class Fingerprints {
  readonly #secret: string
  readonly #runtimeVariables: (runtime: string) => readonly string[]

  constructor(secret: string, runtimeVariables: (runtime: string) => readonly string[]) {
    this.#secret = secret
    this.#runtimeVariables = runtimeVariables
  }

  /** As the files and the given values are now. */
  outside(team: Team, values: Record<string, string>): Outside {
    const names = new Set(agentsOf(team).flatMap((agent) => this.#variables(agent)))
    return { files: teamContents(team), values: this.#seal([...names], values) }
  }

  of(agent: Agent, team: Team, { files, values }: Outside): Started {
    const own = this.#variables(agent).filter((name) => Object.hasOwn(values, name))
    return startedWith(agent, team, files, Object.fromEntries(own.map((name) => [name, values[name] ?? ''])))
  }

  /** Of a launch that is about to be made. */
  now(agent: Agent, team: Team, values: Record<string, string>): Started {
    return this.of(agent, team, { files: contentsOf([agent]), values: this.#seal(this.#variables(agent), values) })
  }

  #variables(agent: Agent): string[] {
    return [...new Set([...agent.env, ...this.#runtimeVariables(agent.runtime)])]
  }

  #seal(names: readonly string[], values: Record<string, string>): Record<string, string> {
    const set = names.filter((name) => Object.hasOwn(values, name))
    return Object.fromEntries(set.map((name) => [name, createHmac('sha256', this.#secret).update(`${name}\0${values[name]}`).digest('hex')]))
  }
}
