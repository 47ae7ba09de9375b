import type { Incoming } from './gateway.ts'
import { agentsOf, findAgent, type Address, type Agent, type GatewaySettings, type QuietHours, type Team } from './team.ts'

/** Who may speak through a gateway, who is shown what, and when. Pure. */

/** Ids on the platform, with the variables of the files looked up. */
export interface Authorised {
  chats: readonly string[]
  users: readonly string[]
}

/** Ids as people write them into variables: by comma, blank or line. */
export function readIds(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter((id) => id !== ''))]
}

/**
 * Both the chat and the person must be known. A person is known by an id in `users`, or by a private chat, whose id is the
 * person's own. A group makes nobody known, and no list means nobody.
 */
export function isAuthorised({ chats, users }: Authorised, { chat, user }: Pick<Incoming, 'chat' | 'user'>): boolean {
  if (user === null || !chats.includes(chat.id)) return false
  return users.includes(user.id) || (chats.includes(user.id) && !user.id.startsWith('-'))
}

/**
 * Which gateways show what an agent asks for: those of the whole team, and those of the nearest manager up its chain (its
 * own, if it is one). Where nobody up there has one, those of its project, else all: a question must reach somebody.
 */
export function gatewaysFor(team: Team, agent: Address): GatewaySettings[] {
  const shared = team.gateways.filter(({ manager }) => manager === null)
  const seen = new Set<string>()
  for (let at: Address | null = agent; at !== null && !seen.has(at); at = findAgent(team, at)?.reportsTo ?? null) {
    seen.add(at)
    const own = team.gateways.filter(({ manager }) => manager === at)
    if (own.length > 0) return [...shared, ...own]
  }
  if (shared.length > 0) return shared
  const project = findAgent(team, agent)?.project
  const near = team.gateways.filter(({ manager }) => manager !== null && findAgent(team, manager)?.project === project)
  return near.length > 0 ? near : team.gateways
}

/** How a manager reaches people: its own gateways, else those of the whole team. */
export function gatewaysOf(team: Team, manager: Address): GatewaySettings[] {
  const own = team.gateways.filter((each) => each.manager === manager)
  return own.length > 0 ? own : team.gateways.filter((each) => each.manager === null)
}

/** Who is spoken to through a gateway where nobody is named: its manager, else the only one of the team. Null: it must be said. */
export function addresseeOf(team: Team, { manager }: Pick<GatewaySettings, 'manager'>): Agent | null {
  if (manager !== null) return findAgent(team, manager) ?? null
  const managers = agentsOf(team).filter(({ role }) => role === 'manager')
  return managers.length === 1 ? (managers[0] ?? null) : null
}

/** What a gateway's people may hold and stop: its manager and who reports to it, directly or through others; else all. */
export function staffOf(team: Team, { manager }: Pick<GatewaySettings, 'manager'>): Agent[] {
  const all = agentsOf(team)
  if (manager === null) return all
  const isBelow = (agent: Agent): boolean => {
    const seen = new Set<string>()
    for (let at: Agent | undefined = agent; at !== undefined && !seen.has(at.address); at = at.reportsTo === null ? undefined : findAgent(team, at.reportsTo)) {
      if (at.address === manager) return true
      seen.add(at.address)
    }
    return false
  }
  return all.filter(isBelow)
}

/** The end of the quiet hours that it is in now, ms; null outside of them. To the minute; where the clock is changed meanwhile, ask again then. */
export function quietUntil(quiet: QuietHours | null, now: number): number | null {
  if (quiet === null || quiet.from === quiet.to) return null
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone: quiet.timezone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).formatToParts(now)
  const part = (type: string): number => Number(parts.find((each) => each.type === type)?.value)
  const minute = part('hour') * 60 + part('minute')
  const inside = quiet.from < quiet.to ? quiet.from <= minute && minute < quiet.to : quiet.from <= minute || minute < quiet.to
  if (!inside) return null
  const left = (quiet.to - minute + 1440) % 1440
  return Math.floor(now / 60_000) * 60_000 + left * 60_000
}

/** `/dm@troupe_bot dev do it` → name and the rest; null for plain text. A command for another bot of a group is null and `foreign`. */
export function readCommand(text: string, bot: string): { name: string; rest: string } | 'foreign' | null {
  const found = /^\/([A-Za-z0-9_]{1,32})(@\w+)?(?:\s+([\s\S]*))?$/.exec(text.trim())
  if (found === null) return null
  const [, name = '', named, rest = ''] = found
  if (named !== undefined && named.toLowerCase() !== bot.toLowerCase()) return 'foreign'
  return { name: name.toLowerCase(), rest: rest.trim() }
}
