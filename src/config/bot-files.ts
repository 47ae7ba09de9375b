import { isMap, parseDocument } from 'yaml'
import { TroupeError } from '../core/error.ts'

/** Names of the variables of a bot. */
export interface BotNames {
  token: string
  chats: string
}

/** `.env` with these values: each line that sets one of them is replaced in its place (the last one counts), all others stay as they are. */
export function withValues(text: string, values: Readonly<Record<string, string>>): string {
  const set = new Set<string>()
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  const kept = lines.map((line) => {
    const name = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=/.exec(line)?.[1]
    if (name === undefined || !Object.hasOwn(values, name)) return line
    set.add(name)
    return `${name}=${values[name]}`
  })
  const added = Object.entries(values).filter(([name]) => !set.has(name))
  return `${[...kept, ...added.map(([name, value]) => `${name}=${value}`)].join('\n')}\n`
}

/** A project file with the bot of one manager; comments and everything else stay. */
export function withBot(text: string, manager: string, { token, chats }: BotNames): string {
  const document = parseDocument(text)
  const found = document.getIn(['managers', manager])
  if (document.errors.length > 0 || !isMap(found)) {
    throw new TroupeError('config', `the project file cannot be edited: managers.${manager} is no map in it`, { hint: 'write the block yourself: docs/chat.md' })
  }
  document.setIn(['managers', manager, 'interfaces', 'telegram', 'bot_token_env'], token)
  document.setIn(['managers', manager, 'interfaces', 'telegram', 'chat_ids_env'], chats)
  return document.toString({ lineWidth: 0 })
}

/** Variables that no other bot of the team has: the project is part of them. */
export function botNames(project: string, manager: string): BotNames {
  const part = `${project}_${manager}`.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')
  return { token: `TEAMCTL_TG_${part}_TOKEN`, chats: `TEAMCTL_TG_${part}_CHATS` }
}
