import { spawn } from 'node:child_process'
import { lstatSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { TelegramServer } from '../fixtures/telegram/server.ts'
import { patiently, Troupe } from './troupe.ts'

it('setup lets in who sends the code of this terminal, whoever wrote first, and the bot works', async () => {
  const bot = await new TelegramServer().start()
  onTestFinished(() => bot.stop())
  const project = `# the project\nversion: 2\nproject: {id: p, name: P, cwd: .}\nmanagers:\n  lead: # the boss\n    runtime: scripted\n    interfaces: {telegram: {bot_token_env: BOT, chat_ids_env: CHATS, api_root: "${bot.root}"}}\n`
  const troupe = new Troupe({ 'team-compose.yaml': 'version: 2\nrehearsal: hello\nprojects: [{file: projects/p.yaml}]\n', 'projects/p.yaml': project, '.env': '# mine\nOTHER=1\n' })
  expect((await troupe.run('bot', 'setup')).code).toBe(1)
  expect(await troupe.run('bot', 'setup', '--force', '--token-from', 'NOT_SET')).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no token') })
  const env = join(troupe.root, '.env')
  const secrets = join(troupe.folder, 'secrets')
  renameSync(env, secrets)
  symlinkSync(secrets, env)
  bot.say('I was first', { from: 66, name: 'Mallory' })
  const child = spawn(process.execPath, [troupe.program, '-C', troupe.root, 'bot', 'setup', 'lead', '--force', '--token-from', 'GIVEN', '--json'], { env: { ...troupe.env, GIVEN: bot.token }, cwd: troupe.folder })
  let told = ''
  child.stderr.on('data', (chunk: Buffer) => void (told += chunk.toString()))
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => void (printed += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => void child.once('exit', resolve))
  const code = await vi.waitFor(() => {
    const found = /Send (\d{6}) to @troupe_bot/.exec(told)?.[1]
    if (found === undefined) throw new Error(`no code in ${told}`)
    return found
  }, patiently)
  bot.say(`${code} `, { from: 66, name: 'Mallory', chat: -100 })
  bot.say('123', { from: 66, name: 'Mallory' })
  bot.say(code)
  expect(await ended, told).toBe(0)
  expect(JSON.parse(printed)).toMatchObject({ manager: 'p:lead', bot: '@troupe_bot', chat: '42', user: 'Ann' })
  expect(lstatSync(env).isSymbolicLink()).toBe(true)
  expect(readFileSync(env, 'utf8')).toBe(`# mine\nOTHER=1\nBOT=${bot.token}\nCHATS=42\n`)
  expect(statSync(env).mode & 0o777).toBe(0o600)
  expect(told + printed).not.toContain(bot.token.split(':')[1])

  expect(await troupe.ok('bot', 'ls')).toMatch(/telegram p:lead/)
  await troupe.ok('up')
  await vi.waitFor(async () => expect(await troupe.ok('bot', 'status')).toMatch(/telegram p:lead +p:lead +on +@troupe_bot +1 +0/), patiently)
  // The code was for the setup alone: it is no mail.
  expect((await troupe.mail()).map(({ text }) => text)).not.toContain(code)
}, 240_000)
