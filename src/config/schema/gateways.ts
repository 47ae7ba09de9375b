import { z } from 'zod'
import { list, optional, text, variable } from './words.ts'

/** Ways to people: what stands below `interfaces`. */

export const quietHours = z
  .strictObject({
    from: text.describe('HH:MM'),
    to: text.describe('HH:MM; before `from` means on the next day'),
    timezone: text.default('UTC').describe('IANA name, such as Europe/Berlin'),
    approvals: z.enum(['silent', 'wait', 'loud']).default('silent').describe('What happens to approvals meanwhile: without a sound, later, or as always'),
  })
  .describe('Ordinary messages wait until they are over')

export const journalHead = z
  .strictObject({
    every_hours: z.number().positive().max(8_760).default(24).describe('At least this often'),
    lines: optional(z.int().min(100)).describe('Also after so many lines of the journal'),
  })
  .describe('Sends where the journal ends (troupe audit head): whoever rewrites it later cannot take that back')

const common = {
  quiet_hours: optional(quietHours),
  journal_head: optional(journalHead),
}

const ids = list(z.union([z.int(), text]))

/** Of one manager. */
export const telegramOfManager = z.strictObject({
  bot_token_env: variable.describe('Variable with the token of the bot'),
  chat_ids_env: variable.describe('Variable with the ids of the chats that may use it; of groups too, whose members need an id of their own'),
  user_ids_env: optional(variable).describe('Variable with the ids of further people; one whose private chat is listed needs none'),
  api_root: optional(text).describe('Address of the Bot API, where it is not Telegram’s own'),
  ...common,
})

/** Below the team’s own `interfaces`, by `type`. */
export const gatewayConfigs = {
  telegram: z.strictObject({
    manager: optional(text).describe('Whose bot it is; left out, the whole team’s'),
    bot_token_env: variable,
    authorized_chat_ids_env: optional(variable),
    authorized_chat_ids: ids,
    authorized_user_ids_env: optional(variable),
    authorized_user_ids: ids,
    api_root: optional(text),
    ...common,
  }),
  webhook: z.strictObject({
    manager: optional(text).describe('Whose it is; left out, the whole team’s'),
    url: optional(text).describe('Where messages and approvals are posted to'),
    url_env: optional(variable),
    secret_env: variable.describe('Variable with the key of signatures'),
    ...common,
  }),
} as const
