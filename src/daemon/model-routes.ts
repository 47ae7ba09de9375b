import { TroupeError } from '../core/error.ts'
import type { ModelWay } from '../core/runtime.ts'
import type { Agent, Team } from '../core/team.ts'
import { Upstream, type Asked, type Forwarding } from '../proxy/upstream.ts'
import type { Wire } from '../proxy/wire.ts'

export interface ModelRouteParts {
  team(): Team
  /** How an agent's calls go. Throws `config` where they cannot go through troupe. */
  wayOf(agent: Agent): ModelWay
  /** What the last `up` brought of the agent's variables, keys among them. */
  environmentFor(agent: Agent): Record<string, string>
}

/** Where the calls of one agent go. */
export interface Target extends Pick<Forwarding, 'root' | 'headers'> {
  way: ModelWay
  /** As the provider has the path that the CLI asked for. */
  pathOf(path: string): string
}

/** The ways from agents to their providers, with the keys that troupe holds. */
export class ModelRoutes {
  readonly #parts: ModelRouteParts
  #upstream: { key: string; way: Upstream } | null = null

  constructor(parts: ModelRouteParts) {
    this.#parts = parts
  }

  /** Throws `config` where there is no way, or no key. */
  target(agent: Agent): Target {
    const way = this.#parts.wayOf(agent)
    const env = this.#parts.environmentFor(agent)
    const key = way.keys.find(({ variable }) => (env[variable] ?? '') !== '')
    if (key === undefined) {
      throw new TroupeError('config', `${agent.address} has metering: proxy and no API key: a login of its CLI’s own cannot go through troupe`, {
        hint: `set ${way.keys.map(({ variable }) => variable).join(' or ')} and troupe up, or take metering: proxy out`,
      })
    }
    const { apiRoot } = this.#parts.team().metering
    // A provider's own address holds the version, one for all formats does not.
    const held = apiRoot === null ? way.version : ''
    const named = way.rootVariable === null ? '' : (env[way.rootVariable] ?? '')
    const pathOf = (path: string): string => (held !== '' && path.startsWith(`${held}/`) ? path.slice(held.length) : path)
    return { way, root: apiRoot ?? (named || way.root), headers: { [key.header]: key.value(env[key.variable] ?? '') }, pathOf }
  }

  /** To the provider and back. What cannot be reached is 502 in the words of `wire`. */
  async pass(asked: Asked, target: Target, wire: Wire, heard: Pick<Forwarding, 'answered' | 'seen' | 'ended'> = {}): Promise<Response> {
    try {
      return await this.#way().forward({ ...asked, path: target.pathOf(asked.path) }, { root: target.root, headers: target.headers, ...heard })
    } catch (error) {
      if (asked.signal.aborted) return new Response(null, { status: 499 })
      return wire.refuse(502, `troupe cannot reach the provider at ${new URL(target.root).host}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  close(): void {
    this.#upstream?.way.close()
  }

  /** Connections of their own for each choice of proxies: those of the last `up`. */
  #way(): Upstream {
    const agents = this.#parts.team().projects.flatMap((project) => project.agents.filter(({ metering }) => metering === 'proxy'))
    const env = Object.assign({}, ...agents.map((agent) => proxyVariables(this.#parts.environmentFor(agent)))) as Record<string, string>
    const key = JSON.stringify(env)
    if (this.#upstream?.key !== key) this.#upstream = { key, way: new Upstream(env) }
    return this.#upstream.way
  }
}

function proxyVariables(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => /^(https?|no)_proxy$/i.test(name)))
}
