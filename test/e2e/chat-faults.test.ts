import { expect, it, vi } from 'vitest'
import { chatTeam, expectNoToken, seen } from './chat.ts'
import { kill, patiently } from './troupe.ts'

interface Approval { n: number; status: string; decidedBy: string | null }

it('T34: only a known person in a known chat speaks and decides, once; what is refused stays pending and is on record', async () => {
  const { troupe, bot } = await chatTeam()
  bot.say('I was first', { from: 66, name: 'Mallory' })
  bot.say('/start', { from: 66, name: 'Mallory' })
  bot.say('/approve 1', { from: 66, name: 'Mallory', chat: -100 })
  expect((await seen(bot, 'Its id is 66', 66)).buttons).toEqual([])
  bot.say('Release one')
  const card = await seen(bot, '🔐 #1')
  const inGroup = await seen(bot, '🔐 #1', -100)
  const data = card.buttons[0]!.data
  const attempts = [
    bot.press(inGroup.id, 'Approve', { from: 66, name: 'Mallory' }),
    bot.press(card.id, 'Approve', { from: 66, name: 'Mallory', chat: 42 }),
    bot.press(card.id, 'Approve', { data: inGroup.buttons[0]!.data }),
    bot.press(card.id, 'Approve', { data: `${data.slice(0, -1)}${data.endsWith('A') ? 'B' : 'A'}` }),
    bot.press(card.id, 'Approve', { data: 'approve:1' }),
  ]
  for (const press of attempts) await vi.waitFor(() => expect(bot.answers.find((each) => each.press === press)).toMatchObject({ alert: true }), patiently)
  expect(await troupe.json<Approval[]>('approvals')).toMatchObject([{ n: 1, status: 'pending' }])
  expect((await troupe.mail()).filter(({ from }) => from === 'user').map(({ text }) => text)).toEqual(['Release one'])
  const good = bot.press(inGroup.id, 'Deny', { from: 42, name: 'Ann' })
  await vi.waitFor(() => expect(bot.answers).toContainEqual({ press: good, text: '#1 denied', alert: false }), patiently)
  const replay = bot.press(card.id, 'Approve', { data })
  await vi.waitFor(() => expect(bot.answers.find((each) => each.press === replay)).toMatchObject({ alert: true, text: expect.stringContaining('Denied by telegram:42 (Ann)') }), patiently)
  expect(await troupe.json<Approval[]>('approvals', '--all')).toMatchObject([{ n: 1, status: 'denied' }])
  const refused = (await troupe.events()).filter(({ type }) => type === 'chat.refused')
  expect(new Set(refused.map(({ data: facts }) => facts['user']))).toEqual(new Set(['66', '42']))
  await expectNoToken(troupe, bot)
}, 300_000)

it('nothing is lost or done twice while the bot is away, its answers are lost, and the daemon is killed', async () => {
  const { troupe, bot } = await chatTeam({ chats: '42' })
  await vi.waitFor(() => expect(bot.called('getUpdates').length).toBeGreaterThan(0), patiently)
  await bot.stop()
  await troupe.ok('send', 'lead', 'Say while away')
  await troupe.ok('send', 'dev', 'Release away')
  await vi.waitFor(async () => expect(await troupe.json<Approval[]>('approvals')).toHaveLength(1), patiently)
  await vi.waitFor(async () => expect((await troupe.mail()).map(({ state }) => state)).toContainEqual(expect.stringMatching(/^queued \(Telegram cannot be reached/)), patiently)
  await bot.start()
  await seen(bot, 'while away')
  const card = await seen(bot, '🔐 #1  p:dev')
  bot.fail('sendMessage', { status: 429, description: 'Too Many Requests: retry after 1', retryAfter: 1 })
  bot.fail('getUpdates', { status: 502, description: 'Bad Gateway' })

  const words = ['k1', 'k2', 'k3', 'k4']
  for (const word of words) bot.say(`Say ${word}`)
  await vi.waitFor(async () => expect((await troupe.mail()).some(({ text }) => text === 'Say k1')).toBe(true), patiently)
  kill((await troupe.daemon()).pid)
  bot.press(card.id, 'Approve')
  for (const word of words) await seen(bot, new RegExp(`^${word}\\n`))
  await vi.waitFor(async () => expect((await troupe.json<Approval[]>('approvals', '--all'))[0]).toMatchObject({ decidedBy: 'telegram:42 (Ann)' }), patiently)
  await vi.waitFor(() => expect(card).toMatchObject({ buttons: [], text: expect.stringContaining('✅ Approved by telegram:42 (Ann)') }), patiently)
  const mail = await troupe.mail()
  expect(words.map((word) => mail.filter(({ from, text }) => from === 'user' && text === `Say ${word}`).length)).toEqual([1, 1, 1, 1])
  // One duplicate of what was under way at the kill, and it is the same message.
  const replies = bot.shown.filter(({ text }) => /^k\d\n/.test(text)).map(({ text }) => text)
  expect(replies.length - new Set(replies).size).toBeLessThanOrEqual(1)
}, 300_000)
