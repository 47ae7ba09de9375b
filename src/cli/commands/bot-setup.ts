import { randomInt } from 'node:crypto'
import { createReadStream, existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { botNames, withBot, withValues, type BotNames } from '../../config/bot-files.ts'
import { parseDotenv } from '../../config/dotenv.ts'
import { load } from '../../config/load.ts'
import { teamOrThrow } from '../../config/report.ts'
import { resolveAgent } from '../../core/address.ts'
import { TroupeError } from '../../core/error.ts'
import type { Gateway, Incoming } from '../../core/gateway.ts'
import { readIds } from '../../core/people.ts'
import { agentsOf, type Agent, type Team } from '../../core/team.ts'
import { loadGateway } from '../../gateways/index.ts'
import { writeAtomic } from '../../util/atomic-write.ts'
import type { Cli } from '../cli.ts'
import type { Given } from '../given.ts'
import { escapeLine } from '../text.ts'
import { known } from '../team-files.ts'

const usualWait = 120_000

/** The code shows that whoever is let in holds this terminal: the first to write to a bot may be anybody. */
export async function setup(cli: Cli, given: Given): Promise<void> {
  const { out } = cli
  const root = await cli.root()
  const loaded = load(root, known)
  const team = teamOrThrow(loaded)
  const manager = managerOf(team, given.text('manager'))
  const file = loaded.origins.projects.get(manager.project)?.file
  if (file === undefined) throw new TroupeError('internal', `no file declares ${manager.address}`)
  const { telegram } = manager.interfaces
  if (telegram !== null && !given.flag('force')) throw new TroupeError('conflict', `${manager.address} has a bot already (${telegram.botTokenEnv})`, { hint: 'troupe bot setup --force, or troupe bot status' })
  const names: BotNames = telegram === null ? botNames(manager.project, manager.id) : { token: telegram.botTokenEnv, chats: telegram.chatIdsEnv }
  const token = await tokenOf(cli, given)
  const gateway = await loadGateway('telegram', { secret: token, url: given.text('apiRoot') ?? telegram?.apiRoot ?? null })
  const bot = await gateway.identify(cli.signal)
  for (const warning of bot.warnings) out.warn(warning)
  const code = String(randomInt(100_000, 1_000_000))
  out.trouble(`Send ${code} to ${escapeLine(bot.name)} in Telegram, from the chat that is to use it.`)
  const { chat, user } = await heard(gateway, code, AbortSignal.any([cli.signal, AbortSignal.timeout(given.duration('timeout') ?? usualWait)]))
  const env = join(root, '.env')
  const before = existsSync(env) ? readFileSync(env, 'utf8') : ''
  const chats = [...new Set([...readIds(parseDotenv(before)[names.chats] ?? ''), chat.id])].join(',')
  writeAtomic(whereItIs(env), withValues(before, { [names.token]: token, [names.chats]: chats }))
  if (telegram === null) edit(file, (text) => withBot(text, manager.id, names))
  const result = { manager: manager.address, bot: bot.name, chat: chat.id, user: user?.name ?? null, env: names, files: telegram === null ? [env, file] : [env] }
  out.show(result, () => {
    out.line(`${manager.address} is ${escapeLine(bot.name)}; chat ${chat.id} (${escapeLine(user?.name ?? '')}) may use it`)
    out.say('Try: troupe up')
  })
}

function managerOf(team: Team, name: string | undefined): Agent {
  const managers = agentsOf(team).filter(({ role }) => role === 'manager')
  const found = name === undefined ? managers : [resolveAgent(team, name)]
  const [manager, ...others] = found
  if (manager === undefined) throw new TroupeError('usage', 'the team has no manager: only managers talk to people', { hint: 'declare one below managers:' })
  if (others.length > 0) throw new TroupeError('usage', `which manager? ${found.map(({ address }) => address).join(', ')}`, { hint: `troupe bot setup ${manager.address}` })
  if (manager.role !== 'manager') throw new TroupeError('usage', `${manager.address} is a worker: only managers talk to people in a chat`, { hint: `troupe bot setup ${managers[0]?.address ?? ''}` })
  return manager
}

async function tokenOf(cli: Cli, given: Given): Promise<string> {
  const [fd, variable] = [given.text('tokenFd'), given.text('tokenFrom')]
  const token = (fd !== undefined ? await fromDescriptor(fd) : variable !== undefined ? (cli.env[variable] ?? '') : await asked(cli)).trim()
  if (/^\d+:[\w-]+$/.test(token)) return token
  throw new TroupeError('usage', token === '' ? 'there is no token' : 'this is not a bot token', { hint: 'a token looks like 123456:ABC…; @BotFather gives one' })
}

async function fromDescriptor(fd: string): Promise<string> {
  if (!/^\d{1,4}$/.test(fd)) throw new TroupeError('usage', '--token-fd wants the number of a file descriptor', { hint: '--token-fd 3 3< file' })
  return await readAll(createReadStream('', { fd: Number(fd), autoClose: false }))
}

async function asked({ stdin, out }: Cli): Promise<string> {
  if (stdin().isTTY !== true || out.json) throw new TroupeError('usage', 'there is nobody to ask for the token', { hint: '--token-fd N, or --token-from VARIABLE' })
  const { isCancel, password } = await import('@clack/prompts')
  const token = await password({ message: 'Token of the bot (from @BotFather)', output: process.stderr })
  if (isCancel(token)) throw new TroupeError('failed', 'nothing was written')
  return token
}

/** Who sent the code, from a chat of its own. Everything before it is of no interest, and is confirmed with it. */
async function heard({ inbound }: Gateway, code: string, signal: AbortSignal): Promise<Incoming> {
  if (inbound.by !== 'poll') throw new TroupeError('internal', 'this gateway cannot be asked')
  for (let position = 0; ; ) {
    const all = await inbound.receive(position, signal).catch((error: unknown) => {
      if (signal.aborted) throw new TroupeError('timeout', 'nobody sent the code', { hint: 'troupe bot setup again; the code has to be sent as a message of its own' })
      throw error
    })
    const found = all.find(({ did, chat, user }) => did.kind === 'text' && did.text.trim() === code && chat.kind === 'private' && user !== null)
    position = (found ?? all.at(-1))?.position ?? position
    if (found === undefined) continue
    // Asking for what follows confirms the code: it is no mail for the manager.
    await inbound.receive(position, AbortSignal.any([signal, AbortSignal.timeout(1_000)])).catch(() => [])
    return found
  }
}

/** Whole or not at all, with the permissions it had. */
function edit(file: string, change: (text: string) => string): void {
  const real = whereItIs(file)
  writeAtomic(real, change(readFileSync(real, 'utf8')), { mode: statSync(real).mode & 0o777 })
}

/** A link stays one: what it leads to is replaced. */
function whereItIs(file: string): string {
  return existsSync(file) ? realpathSync(file) : file
}
