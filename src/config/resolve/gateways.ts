import type { HeadRule } from '../../core/head-telling.ts'
import { didYouMean } from '../../core/nearest.ts'
import type { Agent, GatewaySettings, Project, QuietHours } from '../../core/team.ts'
import type { Known } from '../known.ts'
import type { Place } from '../place.ts'
import type { RawAgent } from '../schema/agent.ts'
import type { RawCompose } from '../schema/compose.ts'
import { gatewayConfigs } from '../schema/gateways.ts'
import { checkShape } from '../shape.ts'
import { checkVariable, printable } from './names.ts'
import type { Projects } from './policies.ts'

type RawQuiet = NonNullable<NonNullable<RawAgent['interfaces']['telegram']>['quiet_hours']>
type RawHead = NonNullable<NonNullable<RawAgent['interfaces']['telegram']>['journal_head']>

/** Of one manager; null where the files give it none. */
export function resolveTelegram(raw: RawAgent['interfaces']['telegram'], place: Place): Agent['interfaces']['telegram'] {
  if (raw === null) return null
  checkVariable(raw.bot_token_env, place.at('bot_token_env'))
  checkVariable(raw.chat_ids_env, place.at('chat_ids_env'))
  if (raw.user_ids_env !== null) checkVariable(raw.user_ids_env, place.at('user_ids_env'))
  checkUrl(raw.api_root, place.at('api_root'))
  return {
    botTokenEnv: raw.bot_token_env,
    chatIdsEnv: raw.chat_ids_env,
    userIdsEnv: raw.user_ids_env,
    apiRoot: raw.api_root,
    quietHours: resolveQuiet(raw.quiet_hours, place.at('quiet_hours')),
    journalHead: resolveHead(raw.journal_head),
  }
}

/** Every way to people of the whole team. One bot has one asker: a token named twice is an error. */
export function resolveGateways(raw: RawCompose['interfaces'], known: Known, projects: Project[], named: Projects, place: Place): GatewaySettings[] {
  const own = projects.flatMap((project) => project.agents.flatMap(ofManager))
  const all = [...own]
  for (const [index, one] of raw.entries()) {
    const here = place.at(index)
    const found = resolveInterface(one, known, named, here)
    if (found === null) continue
    const double = all.find(({ id }) => id === found.id)
    if (double !== undefined) here.at('name').error(`there is a second interface \`${printable(one.name)}\` of type ${one.type}`, 'give each a name of its own')
    const twin = all.find(({ type, secretEnv }) => type === 'telegram' && found.type === type && secretEnv === found.secretEnv)
    if (twin !== undefined) here.at('config', 'bot_token_env').error(`\`${found.secretEnv}\` is the bot of ${twin.manager ?? twin.id} already`, 'each needs a bot of its own: a bot’s messages go to one asker')
    all.push(found)
  }
  const twice = own.find(({ secretEnv }, index) => own.findIndex((each) => each.secretEnv === secretEnv) !== index)
  if (twice !== undefined) place.error(`the managers ${own.filter((each) => each.secretEnv === twice.secretEnv).map(({ manager }) => manager).join(' and ')} name the same bot, \`${twice.secretEnv}\``, 'give each a bot of its own, or one to the whole team: interfaces: [{type: telegram, …}]')
  return all
}

function ofManager({ address, interfaces: { telegram } }: Agent): GatewaySettings[] {
  if (telegram === null) return []
  const { botTokenEnv: secretEnv, chatIdsEnv: chatsEnv, userIdsEnv: usersEnv, apiRoot: url, quietHours, journalHead } = telegram
  return [{ id: `telegram ${address}`, type: 'telegram', manager: address, secretEnv, url, urlEnv: null, chats: [], chatsEnv, users: [], usersEnv, quietHours, journalHead }]
}

function resolveInterface({ type, name, config }: RawCompose['interfaces'][number], known: Known, projects: Projects, place: Place): GatewaySettings | null {
  const words = [...known.gateways.ready, ...known.gateways.planned]
  if (!known.gateways.ready.includes(type)) {
    place.at('type').info(`nothing uses interfaces of type \`${printable(type)}\` yet`, words.includes(type) ? null : didYouMean(type, words, 'known types'))
    return null
  }
  const here = place.at('config')
  const id = `${type} ${name}`
  if (type === 'webhook') {
    const raw = checkShape(gatewayConfigs.webhook, config, here)
    if (raw === null) return null
    checkVariable(raw.secret_env, here.at('secret_env'))
    if (raw.url === null && raw.url_env === null) here.error('the webhook has no `url`', 'give `url`, or `url_env` with the name of a variable')
    if (raw.url_env !== null) checkVariable(raw.url_env, here.at('url_env'))
    checkUrl(raw.url, here.at('url'))
    const { url, url_env: urlEnv, secret_env: secretEnv } = raw
    return { id, type, manager: managerOf(raw.manager, projects, here), secretEnv, url, urlEnv, chats: ['webhook'], chatsEnv: null, users: [], usersEnv: null, quietHours: resolveQuiet(raw.quiet_hours, here.at('quiet_hours')), journalHead: resolveHead(raw.journal_head) }
  }
  const raw = checkShape(gatewayConfigs.telegram, config, here)
  if (raw === null) return null
  for (const key of ['bot_token_env', 'authorized_chat_ids_env', 'authorized_user_ids_env'] as const) if (raw[key] !== null) checkVariable(raw[key], here.at(key))
  if (raw.authorized_chat_ids_env === null && raw.authorized_chat_ids.length === 0) here.warning('no chat is authorised, so nobody can use this bot', 'name the variable: authorized_chat_ids_env: TELEGRAM_CHATS')
  checkUrl(raw.api_root, here.at('api_root'))
  return {
    id, type, manager: managerOf(raw.manager, projects, here), secretEnv: raw.bot_token_env, url: raw.api_root, urlEnv: null,
    chats: raw.authorized_chat_ids.map(String), chatsEnv: raw.authorized_chat_ids_env, users: raw.authorized_user_ids.map(String), usersEnv: raw.authorized_user_ids_env,
    quietHours: resolveQuiet(raw.quiet_hours, here.at('quiet_hours')),
    journalHead: resolveHead(raw.journal_head),
  }
}

/** A manager by its address, or by its name where it is the only one. */
function managerOf(name: string | null, projects: Projects, place: Place): string | null {
  if (name === null || projects === null) return null
  const managers = projects.flatMap((project) => project.agents.filter(({ role }) => role === 'manager'))
  const found = managers.filter(({ id, address }) => address === name || id === name)
  if (found.length === 1) return found[0]?.address ?? null
  place.at('manager').error(`\`${printable(name)}\` is ${found.length === 0 ? 'no manager' : `the name of ${found.length} managers`} of this team`, didYouMean(name, managers.map(({ address }) => address), 'managers'))
  return null
}

function resolveQuiet(raw: RawQuiet | null, place: Place): QuietHours | null {
  if (raw === null) return null
  return { from: minuteOf(raw.from, place.at('from')), to: minuteOf(raw.to, place.at('to')), timezone: checkZone(raw.timezone, place.at('timezone')), approvals: raw.approvals }
}

function resolveHead(raw: RawHead | null): HeadRule | null {
  return raw === null ? null : { everyMs: raw.every_hours * 3_600_000, lines: raw.lines }
}

function minuteOf(text: string, place: Place): number {
  const found = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text)
  if (found === null) place.error(`\`${printable(text)}\` is not a time of day`, 'write it in quotes, such as "22:00"')
  return found === null ? 0 : Number(found[1]) * 60 + Number(found[2])
}

function checkZone(zone: string, place: Place): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone
  } catch {
    // Not a name that Intl knows.
    place.error(`\`${printable(zone)}\` is not a time zone`, 'write its IANA name, such as Europe/Berlin')
    return 'UTC'
  }
}

function checkUrl(url: string | null, place: Place): void {
  if (url === null) return
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) place.error('the address must begin with https:// or http://')
  else if (parsed.username !== '' || parsed.password !== '') place.error('an address in the team’s files may not hold a password', 'use a variable: url_env')
  else if (parsed.protocol === 'http:' && !/^(127\.0\.0\.1|localhost|\[::1\])$/.test(parsed.hostname)) place.warning('without https, whoever is on the way reads the messages and the token')
}
