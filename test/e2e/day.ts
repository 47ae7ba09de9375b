import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import { Troupe } from './troupe.ts'

/** One team as it stands in its files, read by nothing of the program's. */
export interface Declared {
  projects: { id: string; agents: DeclaredAgent[]; channels: { name: string; members: string[] }[] }[]
}

export interface DeclaredAgent { project: string; id: string; manager: boolean; dm: string[]; on: string[]; up: string | null }

interface ProjectFile {
  project: { id: string }
  channels?: { name: string; members: string | string[] }[]
  managers?: Record<string, AgentEntry>
  workers?: Record<string, AgentEntry>
}

interface AgentEntry { can_dm?: string[]; can_broadcast?: string[]; reports_to?: string }

const ack = { tool: 'inbox_ack', args: { ids: '{ids}' } }
const ask = (ttl: object) => [{ tool: 'request_approval', args: { action: '{1}', summary: '{2}', wait: false, ...ttl } }, ack, { text: 'asked' }]

/** What every agent does with what it is told, whatever team it is in. It does what it is told: the team's rules have to hold it. */
const obedient = [
  { from: 'user', when: '/^tell (\\S+) (.+)$/s', do: [{ tool: 'dm', args: { to: '{1}', text: '{2}' } }, ack, { text: 'told' }] },
  { from: 'user', when: '/^say on (\\S+) (.+)$/s', do: [{ tool: 'broadcast', args: { channel: '{1}', text: '{2}' } }, ack, { text: 'said' }] },
  { from: 'user', when: '/^ask soon for (\\S+) (.+)$/s', do: ask({ ttl_seconds: 30 }) },
  { from: 'user', when: '/^ask for (\\S+) (.+)$/s', do: ask({}) },
  { from: 'user', when: 'think hard', do: [{ text: 'thought', output_tokens: 60_000 }] },
  { when: 'thank you', do: [{ tool: 'dm', args: { to: '{from}', text: 'thank you' } }, ack, { text: 'thanked' }] },
]

/** A copy of a fixture where every agent is scripted, obeys and has its price, the rest as it is. */
export function rehearsed(fixture: string): { troupe: Troupe; declared: Declared } {
  const troupe = new Troupe({}, { LC_ALL: 'C.UTF-8' })
  cpSync(fixture, troupe.root, { recursive: true, filter: (file) => !file.endsWith('/state') })
  const compose = join(troupe.root, 'team-compose.yaml')
  const document = parseDocument(readFileSync(compose, 'utf8'))
  document.set('rehearsal', './day.yaml')
  // What is thought hard costs $60, more than any of them has for a day; the rest of a day is cents.
  const price = { input: 0, output: 1000 }
  document.setIn(['budget', 'prices'], { scripted: price, 'big-model': price })
  if (!document.hasIn(['budget', 'daily_usd_limit'])) document.setIn(['budget', 'daily_usd_limit'], 10)
  writeFileSync(compose, String(document))
  troupe.write({ 'day.yaml': JSON.stringify({ about: 'a day of work', agents: { '*': obedient } }) })
  const names = (document.toJS() as { projects: { file: string }[] }).projects.map(({ file }) => file)
  return { troupe, declared: { projects: names.map((name) => takeOver(troupe, name)) } }
}

/** Makes the agents of one project scripted, in a folder that exists, and says what was declared of them. */
function takeOver(troupe: Troupe, name: string): Declared['projects'][number] {
  const path = join(troupe.root, name)
  const document = parseDocument(readFileSync(path, 'utf8'))
  const file = document.toJS() as ProjectFile
  document.setIn(['project', 'cwd'], '.')
  for (const group of ['managers', 'workers'] as const) for (const id of Object.keys(file[group] ?? {})) document.setIn([group, id, 'runtime'], 'scripted')
  writeFileSync(path, String(document))
  const agents = [true, false].flatMap((manager) =>
    Object.entries(file[manager ? 'managers' : 'workers'] ?? {}).map(([id, entry]): DeclaredAgent => {
      const { can_dm: dm = [], can_broadcast: on = [], reports_to: up = null } = entry
      return { project: file.project.id, id, manager, dm, on, up }
    }),
  )
  const channels = (file.channels ?? []).map(({ name: channel, members }) => ({ name: channel, members: members === '*' ? agents.map(({ id }) => id) : [members].flat() }))
  return { id: file.project.id, agents, channels }
}

export const address = ({ project, id }: { project: string; id: string }): string => `${project}:${id}`

/** Who may write to whom and may be answered: a manager and one of its people. */
export function mates(declared: Declared): { lead: DeclaredAgent; hand: DeclaredAgent } {
  for (const { agents } of declared.projects)
    for (const lead of agents.filter(({ manager }) => manager))
      for (const hand of agents) if (lead.dm.includes(hand.id) && hand.dm.includes(lead.id)) return { lead, hand }
  throw new Error('nobody may answer anybody')
}

/** One who may not write to a member of its own project; null where all may. */
export function strangers(declared: Declared): { from: DeclaredAgent; to: DeclaredAgent } | null {
  for (const { agents } of declared.projects)
    for (const from of agents) for (const to of agents) if (from !== to && !from.dm.includes(to.id) && from.up !== to.id) return { from, to }
  return null
}

export function fixtures(): string[] {
  const folder = join(import.meta.dirname, '..', 'fixtures', 'teams')
  return [join(import.meta.dirname, '..', '..', 'examples', 'hello-team', '.team'), ...readdirSync(folder).map((name) => join(folder, name, '.team'))]
}
