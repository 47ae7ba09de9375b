import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, vi } from 'vitest'
import { TelegramServer, type Shown } from '../fixtures/telegram/server.ts'
import { commandOf } from './teams.ts'
import { patiently, Troupe } from './troupe.ts'

export const ask = (summary: string) => ({ tool: 'request_approval', args: { action: 'release', summary, payload: { tag: summary } } })
export const ack = { tool: 'inbox_ack', args: { ids: '{ids}' } }

const scenario = {
  'p:lead': [
    { when: '/^Release (.+)/', do: [ask('{1}'), ack, { tool: 'reply_to_user', args: { text: 'That was **{1}**.' } }, { text: 'done' }] },
    { when: '/^Say (.+)/', do: [{ tool: 'reply_to_user', args: { text: '{1}' } }, ack, { text: 'said' }] },
    { otherwise: [ack, { text: 'ok' }] },
  ],
  'p:dev': [{ when: '/^Release (.+)/', do: [ask('{1}'), ack, { text: 'asked' }] }, { otherwise: [ack, { text: 'ok' }] }],
}

/** A manager with a bot of its own, and a worker below it. Ann (42) is known in her own chat, and in a group. */
export async function chatTeam({ chats = '42, -100', extra = {} }: { chats?: string; extra?: object } = {}): Promise<{ troupe: Troupe; bot: TelegramServer }> {
  const bot = await new TelegramServer().start()
  onTestFinished(() => bot.stop())
  const telegram = { bot_token_env: 'LEAD_BOT', chat_ids_env: 'LEAD_CHATS', api_root: bot.root, ...extra }
  const agents = { lead: { runtime: 'scripted', can_dm: ['*'], interfaces: { telegram } } }
  const workers = { dev: { runtime: 'scripted', can_dm: ['*'], reports_to: 'lead' } }
  const files = {
    'team-compose.yaml': JSON.stringify({ version: 2, rehearsal: './scenario.yaml', projects: [{ file: 'projects/p.yaml' }] }),
    'projects/p.yaml': JSON.stringify({ version: 2, project: { id: 'p', name: 'P', cwd: '.' }, managers: agents, workers }),
    'scenario.yaml': JSON.stringify({ about: 'as the test says', agents: scenario }),
    '.env': `LEAD_BOT=${bot.token}\nLEAD_CHATS="${chats}"\n`,
  }
  const troupe = new Troupe(files)
  await troupe.ok('up')
  return { troupe, bot }
}

/** Waits until a chat shows a message that fits. */
export async function seen(bot: TelegramServer, text: string | RegExp, chat = 42): Promise<Shown> {
  return await vi.waitFor(() => {
    const found = bot.shown.findLast((each) => each.chat === chat && (typeof text === 'string' ? each.text.includes(text) : text.test(each.text)))
    if (found === undefined) throw new Error(`chat ${chat} does not show ${text}, but ${JSON.stringify(bot.shown.map((each) => [each.chat, each.text]))}`)
    return found
  }, patiently)
}

/** The token stands nowhere but in `.env` and in memory. */
export async function expectNoToken(troupe: Troupe, bot: TelegramServer): Promise<void> {
  const secret = bot.token.split(':')[1]!
  const { pid, keeper } = await troupe.daemon()
  const told = [await troupe.ok('inspect', 'lead'), await troupe.ok('config'), await troupe.ok('ps', '--json'), await troupe.ok('tail', '--lines', '10000', '--json'), await troupe.ok('mail', '--all', '--json')]
  const running = [pid, keeper ?? 0, ...(await troupe.leftOver())].map(commandOf)
  for (const text of [...told, ...running]) expect(text).not.toContain(secret)
  for (const entry of readdirSync(join(troupe.root, 'state'), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) expect(readFileSync(join(entry.parentPath, entry.name)).includes(secret), entry.name).toBe(false)
  }
}
