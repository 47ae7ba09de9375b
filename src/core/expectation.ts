import { declaredAgent, resolveChannel } from './address.ts'
import { TroupeError } from './error.ts'
import { isBridge, type Edge, type Reach } from './reach.ts'
import { agentsOf, type Team } from './team.ts'

/** What a team's graph is expected to allow or not, as sentences: `writer can never reach deploy`. */

export interface Judged {
  expect: string
  ok: boolean
  /** The way that should not be there, or what is missing. */
  why: string
}

export interface Graph {
  edges: readonly Edge[]
  reach: readonly Reach[]
}

const verbs = ['dm', 'broadcast on', 'escalate to', 'reach'] as const
type Verb = (typeof verbs)[number]

const sentence = new RegExp(`^(\\S+) can (never )?(${verbs.join('|')}) (\\S+)$`)

/**
 * `A can [never] dm|broadcast on|escalate to|reach B`; names as on the command line, `*` for every agent and `project:*`.
 * `dm` is one step, over an open bridge too; `reach` counts every way, by others that pass it on and over open bridges.
 * Throws `usage` for what is no such sentence, `unknown` for names that nobody has.
 */
export function judge(team: Team, graph: Graph, expect: string): Judged {
  const [, from, never, verb, to] = sentence.exec(expect.trim().replace(/\s+/g, ' ')) ?? []
  if (from === undefined || verb === undefined || to === undefined) {
    throw new TroupeError('usage', `${JSON.stringify(expect)} is no expectation`, { hint: `write NAME can [never] ${verbs.join('|')} NAME, such as "writer can never reach deploy"` })
  }
  const senders = named(team, from)
  const pairs = senders.flatMap((sender) => targets(team, sender, verb as Verb, to).map((target) => ({ sender, target }))).filter(({ sender, target }) => sender !== target)
  const ways = pairs.map((pair) => ({ ...pair, way: wayOf(graph, verb as Verb, pair.sender, pair.target) }))
  const wrong = ways.find(({ way }) => (way === null) === (never === undefined))
  if (wrong === undefined) return { expect, ok: true, why: '' }
  return { expect, ok: false, why: wrong.way === null ? `there is no way from ${wrong.sender} to ${wrong.target}` : wrong.way }
}

function named(team: Team, name: string): string[] {
  if (name === '*') return agentsOf(team).map(({ address }) => address)
  const project = /^([^:]+):\*$/.exec(name)?.[1]
  if (project === undefined) return [declaredAgent(team, name).address]
  const found = team.projects.find(({ id }) => id === project)
  if (found === undefined) throw new TroupeError('unknown', `there is no project "${project}"`, { hint: `projects: ${team.projects.map(({ id }) => id).join(', ')}` })
  return found.agents.map(({ address }) => address)
}

function targets(team: Team, sender: string, verb: Verb, name: string): string[] {
  if (verb !== 'broadcast on') return named(team, name)
  const { project, name: channel } = resolveChannel(team, name, name.includes('#') && !name.startsWith('#') ? undefined : sender.slice(0, sender.indexOf(':')))
  return [`${project}#${channel}`]
}

/** The way in words, null where there is none. */
function wayOf({ edges, reach }: Graph, verb: Verb, from: string, to: string): string | null {
  if (verb === 'reach') {
    const found = reach.find((each) => each.from === from && each.to === to)
    return found === undefined ? null : `${found.path.join(' → ')}${found.bridged ? ' (over a bridge)' : ''}`
  }
  const [project, channel] = to.split('#')
  const edge = edges.find((each) => each.from === from && (verb === 'broadcast on' ? each.to.startsWith(`${project}:`) && each.ways.includes(`#${channel}`) : each.to === to && permits(each, verb)))
  return edge === undefined ? null : `${from} may ${verb} ${to}`
}

function permits(edge: Edge, verb: Verb): boolean {
  return verb === 'escalate to' ? edge.ways.includes('escalate') : edge.ways.includes('dm') || isBridge(edge)
}
